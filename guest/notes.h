/* SPDX-License-Identifier: MIT */
/*
 * What our images say of themselves beyond Xen's ELF notes: notes named "Lamina". For C and for
 * assembly.
 */
#pragma once

#define LAMINA_NOTE_NAME "Lamina"

/*
 * A number. Not 0: the image runs nothing outside its own segments at the start, so what a builder
 * maps behind them may be without the right to be executed. Xen's builder gives that right to all.
 */
#define LAMINA_NOTE_DATA_NX 1
#define LAMINA_NOTES        2 /* types are below */
