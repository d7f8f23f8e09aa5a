/* SPDX-License-Identifier: MIT */
/*
 * A TCP connection over a device that loses packets, alone and many in a row, and whose link goes
 * down and up again: what arrives is what was sent, and neither end hears of it.
 *
 * The device is a mirror. All that is sent to the neighbour PEER comes back as if PEER had sent it
 * to us: source and destination are exchanged, which leaves every checksum as it was. So a
 * connection to a port of PEER is accepted by our own socket on that port.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "guest/spinlock.h"
#include "lwip/netifapi.h"
#include "net/netif.h"
#include "net/offload.h"
#include "net/packet_queue.h"
#include "net/poll.h"

#define OURS "192.0.2.1"
#define PEER "192.0.2.2"
#define PORT 7007
#define SIZE (1U << 20)

static struct {
	struct netdev dev;
	struct poller poller;
	struct spinlock lock;
	struct list packets; /* with the lock, as the next ones */
	unsigned int seen, lost;
	unsigned int lose; /* one of so many is lost; 0: none */
} mirror;

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	for (; len--; a++, b++) {
		uint8_t old = *a;

		*a = *b;
		*b = old;
	}
}

/* False for what nobody answers. */
static bool reflect(struct packet *packet)
{
	static const uint8_t request[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 }; /* ARP, who has */
	static const uint8_t peer[] = { 2, 0, 0, 0, 0, 2 };
	uint8_t *p = packet_head(packet, ETH_HEADER_LEN + 20);

	if (!p)
		return false;
	memcpy(p, p + 6, 6);
	memcpy(p + 6, peer, 6);
	if (!memcmp(p + 12, request, sizeof(request))) {
		if (p[41] != 2)
			return false; /* it asks for itself */
		p[21] = 2;
		swap(p + 22, p + 32, 10);
		memcpy(p + 22, peer, 6);
		return true;
	}
	swap(p + 26, p + 30, 4);
	return p[12] == 8 && p[13] == 0 && p[23] == 6;
}

static void transmit(struct netdev *dev, struct packet *packet)
{
	unsigned long flags = spin_lock_save(&mirror.lock);
	bool lose = !dev->up || (mirror.lose && ++mirror.seen % mirror.lose == 0);

	mirror.lost += lose;
	if (!lose && reflect(packet))
		list_push_back(&mirror.packets, &packet->link);
	else
		packet_put(packet);
	spin_unlock_restore(&mirror.lock, flags);
}

static void flush(struct netdev *dev)
{
	net_schedule(&mirror.poller);
}

static bool poll(struct poller *poller)
{
	struct list burst = LIST_INIT(burst);
	unsigned long flags = spin_lock_save(&mirror.lock);

	list_splice_back(&burst, &mirror.packets);
	spin_unlock_restore(&mirror.lock, flags);
	netdev_receive(&mirror.dev, &burst);
	return false;
}

static bool make_mirror(void)
{
	static const struct netdev_ops ops = { transmit, flush };
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	struct netif *netif;
	ip4_addr_t ip, mask, gateway = { 0 };

	mirror.dev = (struct netdev){ .name = "mirror0", .ops = &ops, .mtu = 1500,
				      .offloads = OFFLOAD_CSUM4 | OFFLOAD_TSO4 };
	memcpy(mirror.dev.mac, mac, sizeof(mac));
	list_init(&mirror.packets);
	poller_init(&mirror.poller, poll, 0);
	netif = stack_add_device(&mirror.dev);
	netdev_set_link(&mirror.dev, true);
	return netif && ip4addr_aton(OURS, &ip) && ip4addr_aton("255.255.255.0", &mask) &&
	       netifapi_netif_set_addr(netif, &ip, &mask, &gateway) == ERR_OK;
}

/* --- The two ends ------------------------------------------------------------------------- */

static uint8_t byte_at(size_t at)
{
	return (uint8_t)(at ^ at >> 8 ^ at >> 16);
}

static int listener;

static void *receive_all(void *unused)
{
	static uint8_t buf[10000];
	int fd = accept(listener, NULL, NULL);
	size_t at = 0, wrong = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			wrong += buf[i] != byte_at(at);
	CHECK(n == 0 && at == SIZE && !wrong);
	close(fd);
	return NULL;
}

static void *plug_in(void *unused)
{
	usleep(100000);
	netdev_set_link(&mirror.dev, true);
	return NULL;
}

/* The link goes down twice on the way; the sender goes on writing. */
static void send_all(int fd)
{
	static uint8_t buf[8192];
	pthread_t hand;

	for (size_t at = 0; at < SIZE; at += sizeof(buf)) {
		if (at % (SIZE / 2) == SIZE / 4) {
			netdev_set_link(&mirror.dev, false);
			CHECK(!pthread_create(&hand, NULL, plug_in, NULL));
			pthread_detach(hand);
		}
		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = byte_at(at + i);
		CHECK(send(fd, buf, sizeof(buf), 0) == sizeof(buf));
	}
}

static void transfer(unsigned int lose)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t receiver;

	inet_pton(AF_INET, PEER, &peer.sin_addr);
	mirror.lose = lose;
	mirror.lost = 0;
	CHECK(!pthread_create(&receiver, NULL, receive_all, NULL));
	CHECK(!connect(fd, (struct sockaddr *)&peer, sizeof(peer)));
	send_all(fd);
	CHECK(!close(fd));
	CHECK(!pthread_join(receiver, NULL));
	CHECK(mirror.lost > 2);
}

void test_link(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	if (!mirror.dev.ops)
		CHECK(make_mirror());
	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(!bind(listener, (struct sockaddr *)&here, sizeof(here)) && !listen(listener, 4));
	transfer(0);
	transfer(61);
	close(listener);
}
