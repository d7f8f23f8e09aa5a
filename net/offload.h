/* SPDX-License-Identifier: MIT */
/*
 * What a device may leave to the next one, in software: finding and finishing TCP and UDP
 * checksums, cutting large TCP packets. Pure but for the memory of packets. Headers are looked for
 * in the packet's first piece only; every sender that we know puts them there.
 */
#pragma once

#include "net/packet.h"

/* What a device takes unfinished on transmission. */
#define OFFLOAD_CSUM4 (1U << 0)
#define OFFLOAD_CSUM6 (1U << 1)
#define OFFLOAD_TSO4  (1U << 2)
#define OFFLOAD_TSO6  (1U << 3)
#define OFFLOAD_ALL   (OFFLOAD_CSUM4 | OFFLOAD_CSUM6 | OFFLOAD_TSO4 | OFFLOAD_TSO6)

/*
 * For a packet whose checksum its sender left blank: finds the transport header, sets csum_start
 * and csum_offset, writes the pseudo header's sum where the checksum belongs, and checks that gso,
 * when set, fits the headers. The packet is BLANK then. -EINVAL when it is no TCP or UDP over IPv4
 * or IPv6, is a fragment, is cut short, or lies about its length.
 */
int offload_prepare(struct packet *packet);

/* Bytes of Ethernet, IP and TCP header of a packet that went through offload_prepare. */
uint32_t offload_header_len(const struct packet *packet);

/* The OFFLOAD_* bits that a device needs to take the packet as it is. */
uint32_t offload_needed(const struct packet *packet);

/* Whether the TCP or UDP checksum of a complete packet without padding is right. */
bool offload_verify(const struct packet *packet);

/* Completes the checksum of a BLANK packet, which is the caller's alone. It is VALID then. */
void offload_finish(struct packet *packet);

/*
 * Cuts a GSO packet: appends packets without GSO, BLANK, to `segments`, which share its pages.
 * Takes the packet over. -ENOMEM: some segments may be missing.
 */
int offload_segment(struct packet *packet, struct list *segments);
