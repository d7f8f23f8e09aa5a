/* SPDX-License-Identifier: MIT */
/* Two domains that send each other one event in turn, each asleep while the other works. */
#pragma once

extern char stamp_start[];

/*
 * The partner runs where the scheduler puts it, or (pair_begin_apart) on processor 1 and we on 0.
 */
void pair_begin(void);
void pair_begin_apart(void);
void pair_end(void);
void pair_before(void);
/* One event there, one event back. */
void pair_op(void);
bool pair_done(void);
