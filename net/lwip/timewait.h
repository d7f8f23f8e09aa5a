/* SPDX-License-Identifier: MIT */
/* A bound for lwIP's connections in TIME_WAIT. */
#pragma once

struct tcp_pcb;

/* Called for each packet that found its connection, which is not one of those that go. */
void timewait_input(const struct tcp_pcb *pcb);
