/* SPDX-License-Identifier: MIT */
/*
 * TCP segmentation offload for lwIP. lwIP cuts what is written to a connection into segments of
 * the connection's MSS, and works on each. So while much is queued on a connection, its MSS is
 * said to be a multiple of the real one: fewer, larger segments, which the device, or at the
 * latest the domain that owns the card, cuts to size (net/offload.c).
 *
 * Only a connection whose MSS is what its own link allows is treated so: then the device can tell
 * the segment size from the link, and a peer that wants less is not sent more. The MSS goes back
 * to the real one when nothing is queued any more, so that Nagle's rule sees small writes as
 * ever; not before, because lwIP believes that no queued segment is larger than the MSS.
 */

#include "net/tso.h"

#include "guest/page.h"
#include "lwip/ip.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/priv/tcp_priv.h"
#include "net/lwip/timewait.h"
#include "net/netif.h"

/* A segment and its headers fill four pages of the heap, or two where memory is short. */
#define FACTOR_LARGE 11
#define FACTOR_SMALL 5
#define SMALL_MEMORY (16UL * 1024 * 1024 / PAGE_SIZE)

/* Bytes on a connection's queues from which it is worth it. */
#define QUEUE_LARGE (TCP_SND_BUF / 4)

static u16_t factor(void)
{
	return page_total_count() < SMALL_MEMORY ? FACTOR_SMALL : FACTOR_LARGE;
}

/* The MSS that the link towards the peer allows; 0 when it is not one of our devices. */
static u16_t link_mss(const struct tcp_pcb *pcb)
{
	const struct netif *netif = ip_route(&pcb->local_ip, &pcb->remote_ip);
	u16_t headers = IP_IS_V6(&pcb->remote_ip) ? IP6_HLEN + TCP_HLEN : IP_HLEN + TCP_HLEN;

	if (!netif || !stack_device(netif))
		return 0;
	return LWIP_MIN(TCP_MSS, netif->mtu - headers);
}

/* Called by lwIP for each packet that has found its connection, before it is worked on. */
signed char tso_tcp_input(struct tcp_pcb *pcb, unsigned short len)
{
	timewait_input(pcb);
	/*
	 * Several segments in one: acknowledged at once, as every second one is (RFC
	 * 1122, 4.2.3.2).
	 */
	if (len > TCP_MSS)
		tcp_set_flags(pcb, TF_ACK_DELAY);
	if (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT)
		return ERR_OK;
	if (pcb->mss <= TCP_MSS) {
		if (TCP_SND_BUF - pcb->snd_buf >= QUEUE_LARGE && pcb->mss == link_mss(pcb))
			pcb->mss *= factor();
	} else if (!pcb->unsent && !pcb->unacked) {
		pcb->mss /= factor();
	}
	return ERR_OK;
}

/*
 * --- In place of lwIP's fragmentation, which it calls for all that is longer than the link takes
 * -
 */

err_t tso_ip4_frag(struct pbuf *p, struct netif *netif, const ip4_addr_t *dest);
err_t tso_ip6_frag(struct pbuf *p, struct netif *netif, const ip6_addr_t *dest);

err_t tso_ip4_frag(struct pbuf *p, struct netif *netif, const ip4_addr_t *dest)
{
	const struct ip_hdr *header = p->payload;

	if (IPH_PROTO(header) == IP_PROTO_TCP && stack_device(netif))
		return netif->output(netif, p, dest);
	return ip4_frag(p, netif, dest);
}

err_t tso_ip6_frag(struct pbuf *p, struct netif *netif, const ip6_addr_t *dest)
{
	const struct ip6_hdr *header = p->payload;

	if (IP6H_NEXTH(header) == IP6_NEXTH_TCP && stack_device(netif))
		return netif->output_ip6(netif, p, dest);
	return ip6_frag(p, netif, dest);
}

/* lwIP writes its headers in one piece, and the packet holds them in its first. */
void tso_mark(struct packet *packet, uint16_t mtu)
{
	const uint8_t *ip = packet->frags[0].data + ETH_HEADER_LEN;
	bool v6 = ip[0] >> 4 == 6;
	unsigned int ip_len = v6 ? IP6_HLEN : (ip[0] & 0xfU) * 4;
	unsigned int tcp_len = (ip[ip_len + 12] >> 4) * 4U;

	packet->gso = v6 ? PACKET_GSO_TCPV6 : PACKET_GSO_TCPV4;
	packet->gso_size = (uint16_t)(mtu - ip_len - tcp_len);
}
