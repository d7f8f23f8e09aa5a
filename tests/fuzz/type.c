/* SPDX-License-Identifier: MIT */
/* Rule: no order of writes, updates, pins and stops makes the count of a frame's uses wrong. */
// flags: -iquotehypervisor/include -iquotetests/host -DLOCKCHECK=0
#include "type_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	model_start();
	for (; size >= 5; data += 5, size -= 5)
		model_step(data);
	model_end();
	return 0;
}
