/* SPDX-License-Identifier: MIT */
/* All processors at one point: for what may not change, or must all change, while somebody runs. */
#pragma once

#include "cpu.h"

struct rendezvous {
	void (*once)(void *arg); /* while all others wait; NULL: nothing */
	void (*each)(void *arg); /* then on every processor, all of them before one goes on; NULL */
	void *arg;
	/*
	 * The others are stopped between two operations: no lock is held, no count is on its way.
	 * Else they may be in one that waits. The caller then holds domctl's lock (control.h):
	 * who waits for a vcpu to leave its processor would wait for ever.
	 */
	bool between;
};

/* Without locks that others take (but domctl's). Returns when it is over. */
void rendezvous(const struct rendezvous *r);
