/* SPDX-License-Identifier: MIT */
/* Lists and bit operations. */

#include <assert.h>

#include "lib/bitops.h"
#include "lib/list.h"

struct item {
	int value;
	struct list link;
};

static void check_order(struct list *head, const int *values, int count)
{
	struct item *item;
	int i = 0;

	list_for_each(item, head, link) {
		assert(i < count && item->value == values[i]);
		i++;
	}
	assert(i == count);
}

static void check_lists(void)
{
	struct list head = LIST_INIT(head), other = LIST_INIT(other);
	struct item items[4] = { { .value = 0 }, { .value = 1 }, { .value = 2 }, { .value = 3 } };
	struct item *item, *next;

	assert(list_empty(&head) && !list_pop_front(&head));
	list_push_back(&head, &items[1].link);
	list_push_back(&head, &items[2].link);
	list_push_front(&head, &items[0].link);
	check_order(&head, (const int[]){ 0, 1, 2 }, 3);
	list_insert_before(&items[1].link, &items[3].link);
	check_order(&head, (const int[]){ 0, 3, 1, 2 }, 4);

	list_remove(&items[3].link);
	assert(!list_linked(&items[3].link) && list_linked(&items[1].link));
	list_remove(&items[3].link);
	assert(list_first(&head, struct item, link)->value == 0);
	assert(list_last(&head, struct item, link)->value == 2);

	list_push_back(&other, &items[3].link);
	list_splice_back(&other, &head);
	assert(list_empty(&head));
	check_order(&other, (const int[]){ 3, 0, 1, 2 }, 4);
	list_splice_back(&other, &head);
	check_order(&other, (const int[]){ 3, 0, 1, 2 }, 4);

	list_for_each_safe(item, next, &other, link) {
		if (item->value % 2)
			list_remove(&item->link);
	}
	check_order(&other, (const int[]){ 0, 2 }, 2);
	assert(list_pop_front(&other) == &items[0].link &&
	       list_pop_front(&other) == &items[2].link);
	assert(list_empty(&other));
}

static void check_bitmaps(void)
{
	BITMAP(map, 200) = { 0 };
	unsigned long bit, sum = 0;

	assert(bitmap_next(map, 200, 0) == 200 && bitmap_count(map, 200) == 0);
	bitmap_set(map, 0);
	bitmap_set(map, 63);
	bitmap_set(map, 64);
	bitmap_set(map, 199);
	assert(bitmap_count(map, 200) == 4 && bitmap_count(map, 199) == 3);
	assert(bitmap_next(map, 200, 1) == 63 && bitmap_next(map, 200, 65) == 199);
	assert(bitmap_next(map, 199, 65) == 199 && bitmap_next(map, 200, 200) == 200);
	bitmap_for_each(bit, map, 200)
		sum += bit;
	assert(sum == 0 + 63 + 64 + 199);
	assert(bitmap_next_clear(map, 200, 0) == 1 && bitmap_next_clear(map, 200, 63) == 65);
	assert(bitmap_next_clear(map, 200, 199) == 200);
	bitmap_clear(map, 64);
	assert(!bitmap_test(map, 64) && bitmap_test(map, 63));

	assert(!bit_test_and_set(map, 100) && bit_test_and_set(map, 100) && bit_test(map, 100));
	assert(bit_test_and_clear(map, 100) && !bit_test_and_clear(map, 100) &&
	       !bit_test(map, 100));
	bit_set(map, 5);
	assert(bit_test(map, 5));
	bit_clear(map, 5);
	assert(!bit_test(map, 5));
}

/* Ranges, beside bits one by one. */
static void check_ranges(void)
{
	for (unsigned long first = 0; first < 192; first++) {
		for (unsigned long count = 0; first + count <= 192; count++) {
			BITMAP(set, 192) = { 0 };
			BITMAP(clear, 192) = { ~0UL, ~0UL, ~0UL };

			bitmap_set_range(set, first, count);
			bitmap_clear_range(clear, first, count);
			for (unsigned long bit = 0; bit < 192; bit++) {
				bool inside = bit >= first && bit < first + count;

				assert(bitmap_test(set, bit) == inside);
				assert(bitmap_test(clear, bit) == !inside);
			}
		}
	}
}

static void check_numbers(void)
{
	assert(bits_lowest(8) == 3 && bits_highest(0x8001) == 15);
	assert(bits_order(0) == 0 && bits_order(1) == 0 && bits_order(2) == 1);
	assert(bits_order(3) == 2 && bits_order(4096) == 12 && bits_order(4097) == 13);
	assert(ROUND_UP(5, 4) == 8 && ROUND_UP(8, 4) == 8 && ROUND_DOWN(0x1fffUL, 4096) == 0x1000);
	assert(DIV_ROUND_UP(9, 4) == 3 && IS_ALIGNED(0x2000, 4096) && !IS_ALIGNED(0x2001, 4096));
	assert(MIN(-1, 2) == -1 && MAX(-1, 2) == 2);
}

int main(void)
{
	check_lists();
	check_bitmaps();
	check_ranges();
	check_numbers();
	return 0;
}
