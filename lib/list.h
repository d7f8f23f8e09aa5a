/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked, circular, intrusive list. The head is a node without an owner; an empty list
 * and an unlinked node point to themselves. The caller holds whatever lock guards the list.
 */
#pragma once

#include "lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name) ((struct list){ &(name), &(name) })

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

/* Puts node in front of at: before a node, or at the list's end when at is the head. */
static inline void list_insert_before(struct list *at, struct list *node)
{
	node->next = at;
	node->prev = at->prev;
	at->prev->next = node;
	at->prev = node;
}

static inline void list_push_back(struct list *head, struct list *node)
{
	list_insert_before(head, node);
}

static inline void list_push_front(struct list *head, struct list *node)
{
	list_insert_before(head->next, node);
}

/* Unlinks node and leaves it empty, so removing it again, or asking list_linked, is safe. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Whether an initialised node is in some list. */
static inline bool list_linked(const struct list *node)
{
	return node->next != node;
}

/* First node, unlinked; NULL when the list is empty. */
static inline struct list *list_pop_front(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	list_remove(node);
	return node;
}

/* Moves every node of from to the end of to; from is empty afterwards. */
static inline void list_splice_back(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_last(head, type, member)  list_entry((head)->prev, type, member)

/* The body must not unlink pos, nor free it. */
#define list_for_each(pos, head, member)                                                     \
	for ((pos) = list_first(head, __typeof__(*(pos)), member); &(pos)->member != (head); \
	     (pos) = list_first(&(pos)->member, __typeof__(*(pos)), member))

/* The body may unlink and free pos, but no other node. */
#define list_for_each_safe(pos, tmp, head, member)                          \
	for ((pos) = list_first(head, __typeof__(*(pos)), member),          \
	    (tmp) = list_first(&(pos)->member, __typeof__(*(pos)), member); \
	     &(pos)->member != (head);                                      \
	     (pos) = (tmp), (tmp) = list_first(&(tmp)->member, __typeof__(*(tmp)), member))
