/* SPDX-License-Identifier: MIT */
/* What the other evtchn files ask of a domain that uses FIFO event channels, or wants to. */
#pragma once

#include "evtchn.h"
#include "vcpu.h"

/* As their 2-level namesakes; port is below d's ports. No effect once d is back at 2-level. */
long evtchn_fifo_raise(struct domain *d, uint32_t vcpu, uint32_t port); /* 0 */
void evtchn_fifo_unmask(struct domain *d, uint32_t port);
void evtchn_fifo_clear(struct domain *d, uint32_t port); /* it is not pending; table locked */
bool evtchn_fifo_pending(struct domain *d, uint32_t port);
/* A closed port that the guest has not taken from its queue yet: not to be given out again. */
bool evtchn_fifo_busy(struct domain *d, uint32_t port);

/* init_control, expand_array and set_priority of the current domain; -ENOSYS for any other. */
long evtchn_fifo_op(int cmd, void *arg);
void evtchn_fifo_end(struct domain *d); /* all ports are closed: back to 2-level, drops the pages */

void evtchn_wake_pollers(struct domain *d, uint32_t port); /* evtchn.c */
