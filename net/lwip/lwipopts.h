/* SPDX-License-Identifier: MIT */
/* lwIP's configuration: what is built in, and how large its windows and queues are. */
#pragma once

#include <limits.h>

/* --- The system below: threads, locks, memory ------------------------------------------------ */

#define NO_SYS                        0
#define SYS_LIGHTWEIGHT_PROT          1
#define LWIP_TCPIP_CORE_LOCKING       1
#define LWIP_TCPIP_CORE_LOCKING_INPUT 1
#define LWIP_ERRNO_STDINCLUDE         1
#define LWIP_TIMEVAL_PRIVATE          0
#define TCPIP_THREAD_NAME             "tcpip"
#define TCPIP_THREAD_STACKSIZE        (32 * 1024)
#define TCPIP_MBOX_SIZE               64
#define DEFAULT_THREAD_STACKSIZE      (32 * 1024)

/* The core lock shows the devices what was sent under it, once, when it is released. */
void net_core_lock(void);
void net_core_unlock(void);
int net_core_held(void);
#define LOCK_TCPIP_CORE()         net_core_lock()
#define UNLOCK_TCPIP_CORE()       net_core_unlock()
#define LWIP_ASSERT_CORE_LOCKED() LWIP_ASSERT("core lock held", net_core_held())

/* All memory, pools included, comes from net/lwip/heap.c, which has a limit of its own. */
#define MEM_ALIGNMENT   8
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
void *net_heap_alloc(unsigned long size);
void *net_heap_alloc_zero(unsigned long count, unsigned long size);
void net_heap_free(void *p);
#define mem_clib_malloc net_heap_alloc
#define mem_clib_calloc net_heap_alloc_zero
#define mem_clib_free   net_heap_free

/* --- Protocols ------------------------------------------------------------------------------- */

#define LWIP_IPV4                      1
#define LWIP_IPV6                      1
#define LWIP_ARP                       1
#define LWIP_ETHERNET                  1
#define LWIP_ICMP                      1
#define LWIP_ICMP6                     1
#define LWIP_IGMP                      1
#define LWIP_IPV6_MLD                  1
#define LWIP_IPV6_AUTOCONFIG           1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT  1
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2
#define LWIP_RAW                       1
#define LWIP_UDP                       1
#define LWIP_TCP                       1
#define LWIP_DHCP                      1
#define DHCP_DOES_ARP_CHECK            0 /* it would delay the first page by a second */
#define LWIP_DHCP_DOES_ACD_CHECK       0
#define LWIP_DHCP_PROVIDE_DNS_SERVERS  2
#define LWIP_DNS                       1
#define DNS_MAX_SERVERS                3
#define LWIP_DNS_SECURE                7
#define IP_REASSEMBLY                  1
#define IP_FRAG                        1
#define IP_REASS_MAX_PBUFS             64
#define MEMP_NUM_REASSDATA             16
#define LWIP_IPV6_FRAG                 1
#define LWIP_IPV6_REASS                1
#define IPV6_FRAG_COPYHEADER           1 /* its notes hold pointers, too wide for the header */
#define LWIP_MULTICAST_TX_OPTIONS      1
#define LWIP_BROADCAST_PING            0
#define LWIP_MULTICAST_PING            0
#define LWIP_HAVE_LOOPIF               1
#define LWIP_NETIF_LOOPBACK            1
#define LWIP_LOOPBACK_MAX_PBUFS        128
#define LWIP_NETIF_HOSTNAME            1
#define LWIP_NETIF_STATUS_CALLBACK     1
#define LWIP_NETIF_LINK_CALLBACK       1
#define LWIP_NETIF_API                 1
#define LWIP_NUM_NETIF_CLIENT_DATA     1
#define LWIP_CHECKSUM_CTRL_PER_NETIF   1
#define ARP_TABLE_SIZE                 64
#define ETHARP_SUPPORT_STATIC_ENTRIES  0
#define ARP_QUEUEING                   1
#define ARP_QUEUE_LEN                  64 /* answers to a burst of clients behind one gateway */
#define LWIP_ND6_NUM_NEIGHBORS         32
#define LWIP_ND6_NUM_DESTINATIONS      32
#define LWIP_STATS                     0

/* --- TCP ------------------------------------------------------------------------------------- */

#define TCP_MSS                    1460
#define LWIP_WND_SCALE             1
#define TCP_RCV_SCALE              3
#define TCP_WND                    (128 * 1024)
#define TCP_SND_BUF                (128 * 1024)
#define TCP_SND_QUEUELEN           (4 * TCP_SND_BUF / TCP_MSS)
#define TCP_SNDLOWAT               (TCP_SND_BUF / 4 < 32 * 1024 ? TCP_SND_BUF / 4 : 32 * 1024)
#define TCP_SNDQUEUELOWAT          (TCP_SND_QUEUELEN / 2)
#define MEMP_NUM_TCP_SEG           TCP_SND_QUEUELEN
#define TCP_QUEUE_OOSEQ            1
#define TCP_OOSEQ_MAX_BYTES        TCP_WND
#define LWIP_TCP_SACK_OUT          1
#define TCP_OVERSIZE               TCP_MSS
#define TCP_LISTEN_BACKLOG         1
#define TCP_DEFAULT_LISTEN_BACKLOG 128
#define LWIP_TCP_KEEPALIVE         1
/* TIME_WAIT lasts twice this. Each such pcb is in a list that every new connection walks. */
#define TCP_MSL 2000UL
unsigned int net_tcp_isn(const void *local, unsigned short local_port, const void *remote,
			 unsigned short remote_port);
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port) \
	net_tcp_isn(local, local_port, remote, remote_port)

struct tcp_pcb;
signed char tso_tcp_input(struct tcp_pcb *pcb, unsigned short len);
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, optlen, opt1len, opt2, p) \
	tso_tcp_input(pcb, (p)->tot_len)

/* --- Sockets --------------------------------------------------------------------------------- */

#define LWIP_SOCKET                     1
#define LWIP_NETCONN                    1
#define LWIP_COMPAT_SOCKETS             0 /* our sys/socket.h has functions, no macros */
#define LWIP_POSIX_SOCKETS_IO_NAMES     0
#define LWIP_SOCKET_MAX_MEMBERSHIPS     64 /* of all sockets; each close looks at them all */
#define LWIP_SOCKET_SELECT              1 /* for its counters: poll is the file table's */
#define LWIP_SOCKET_POLL                0
#define MEMP_NUM_NETCONN                1000 /* below FD_SETSIZE */
#define DEFAULT_TCP_RECVMBOX_SIZE       128
#define DEFAULT_UDP_RECVMBOX_SIZE       128
#define DEFAULT_RAW_RECVMBOX_SIZE       32
#define DEFAULT_ACCEPTMBOX_SIZE         128
#define LWIP_SO_SNDTIMEO                1
#define LWIP_SO_RCVTIMEO                1
#define LWIP_SO_SNDRCVTIMEO_NONSTANDARD 0
#define LWIP_SO_RCVBUF                  1
#define RECV_BUFSIZE_DEFAULT            (256 * 1024)
#define LWIP_SO_LINGER                  1
#define SO_REUSE                        1
#define SO_REUSE_RXTOALL                1
#define LWIP_NETBUF_RECVINFO            1
#define LWIP_FIONREAD_LINUXMODE         1

/* --- Checksums: TCP's are the device's or net/offload.c's, see net/netif.c ------------------- */

unsigned short net_chksum(const void *data, int len);
#define LWIP_CHKSUM net_chksum
