/* SPDX-License-Identifier: MIT */
/* Scenarios, by the first word of the command line; ms=N: for so long. */
#include "shares.h"

const char test_file[] = "tests/shares/main.c";
static struct load a, b, c;

static void await(const struct load *l)
{
	for (unsigned int i = 0; !l->peer.box->value[READY]; i++) {
		if (i == 20000)
			error("%s does not start", l->name);
		sleep_until(time_now() + MS);
	}
}

/* The loads run, and what they did is told. */
static void run(struct load *const *loads, unsigned int count, ulong ms)
{
	uint64_t start;

	for (unsigned int i = 0; i < count; i++)
		await(loads[i]);
	for (unsigned int i = 0; i < count; i++)
		load_look(loads[i]);
	start = time_now();
	sleep_until(start + ms * MS);
	for (unsigned int i = 0; i < count; i++)
		load_look(loads[i]);
	say("shares: span %lu", (ulong)(time_now() - start));
	for (unsigned int i = 0; i < count; i++)
		say("shares: %s rounds %lu time %lu missed %ld worst %ld", loads[i]->name,
		    loads[i]->rounds, (ulong)loads[i]->time, loads[i]->peer.box->value[MISSED],
		    loads[i]->peer.box->value[WORST]);
}

static void weights(void)
{
	load_start(&a, "one", spin);
	load_start(&b, "two", spin);
	set_weight(&a, 256, 0);
	set_weight(&b, 512, 0);
	load_run(&a);
	load_run(&b);
	run((struct load *[]){ &a, &b }, 2, argument("ms=", 3000));
}

/* Alone without a cap, alone with one, and with one beside another. */
static void cap(void)
{
	load_start(&a, "alone", spin);
	load_run(&a);
	run((struct load *[]){ &a }, 1, argument("ms=", 1000));
	a.name = "capped";
	set_weight(&a, 256, 30);
	run((struct load *[]){ &a }, 1, argument("ms=", 1000));
	load_start(&b, "neighbour", spin);
	load_run(&b);
	a.name = "capped-beside";
	run((struct load *[]){ &a, &b }, 2, argument("ms=", 1000));
}

/* How long dom0, which sleeps in between, waits for an answer beside a busy domain. */
static void answers(void)
{
	struct sched_poll poll = { .nr_ports = 1 };
	uint64_t sent, took, worst = 0, sum = 0, next;
	evtchn_port_t port;
	ulong rounds = argument("rounds=", 400);

	load_start(&a, "echo", echo);
	load_start(&b, "busy", spin);
	port = event_alloc(DOMID_SELF, a.peer.id);
	event_mask(port);
	a.peer.box->value[PORT] = port;
	load_run(&a);
	load_run(&b);
	await(&a);
	await(&b);
	set_xen_guest_handle(poll.ports, &port);
	next = time_now();
	for (ulong i = 0; i < rounds; i++) {
		/* Not in step with slices or periods. */
		next += 3700000 + i * 7919 % 5000000;
		sleep_until(next);
		event_clear(port);
		sent = time_now();
		event_send(port);
		while (!event_pending(port))
			hypercall(sched_op, SCHEDOP_poll, &poll);
		took = time_now() - sent;
		worst = MAX(worst, took);
		sum += took;
	}
	load_look(&b);
	say("shares: echo rounds %lu worst %lu mean %lu busy %lu", rounds, (ulong)worst,
	    (ulong)(sum / rounds), (ulong)b.time);
}

/* The loops of `ms`, measured while nobody else runs. */
static ulong rounds_of(ulong us)
{
	uint64_t start = time_now();

	spin_rounds(100000);
	return us * 1000 * 100000 / (ulong)(time_now() - start);
}

static void start_jobs(struct load *l, const char *name, ulong period_us, ulong budget_us)
{
	load_start(l, name, jobs);
	l->peer.box->value[PERIOD] = (long)(period_us * 1000);
	/* A job is what the budget is, less what it takes to wake, to look and to sleep again. */
	l->peer.box->value[WORK] = (long)rounds_of(budget_us - argument("slack=", 150));
	if (sched_id() == XEN_SCHEDULER_RTDS)
		set_rtds(l->peer.id, (unsigned int)period_us, (unsigned int)budget_us, false);
}

static void deadlines(void)
{
	start_jobs(&a, "fast", 10000, 4000);
	start_jobs(&b, "slow", 20000, argument("slow=", 5000));
	load_start(&c, "greedy", spin);
	if (sched_id() == XEN_SCHEDULER_RTDS)
		set_rtds(c.peer.id, 10000, 1000, true);
	if (sched_id() == XEN_SCHEDULER_RTDS)
		set_rtds(0, 10000, 1000, false); /* the sum is 85 % */
	load_run(&c);
	load_run(&a);
	load_run(&b);
	run((struct load *[]){ &a, &b, &c }, 3, argument("ms=", 60000));
}

static void must(const char *what, long err)
{
	if (err)
		error("%s: %ld", what, err);
}

static void move(struct load *l, unsigned int pool)
{
	must("move", pool_op(XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, pool, l->peer.id, NULL));
}

static void start_ticking(struct load *l, const char *name)
{
	load_start(l, name, spin);
	l->peer.box->value[TICK] = MS;
}

/* Processor 0 by credit, processor 1 by rtds; two domains on each. */
static void pools(void)
{
	static struct load d;
	struct xen_sysctl_cpupool_op info;

	must("create", pool_op(XEN_SYSCTL_CPUPOOL_OP_CREATE, XEN_SYSCTL_CPUPOOL_PAR_ANY,
			       XEN_SCHEDULER_RTDS, &info));
	must("rmcpu", pool_op(XEN_SYSCTL_CPUPOOL_OP_RMCPU, 0, 1, NULL));
	must("addcpu", pool_op(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, info.cpupool_id, 1, NULL));
	start_ticking(&a, "one");
	start_ticking(&b, "two");
	set_weight(&b, 512, 0);
	start_ticking(&c, "fifth");
	start_ticking(&d, "three-fifths");
	move(&c, info.cpupool_id);
	move(&d, info.cpupool_id);
	set_rtds(c.peer.id, 100000, 20000, false);
	set_rtds(d.peer.id, 100000, 60000, false);
	load_run(&a);
	load_run(&b);
	load_run(&c);
	load_run(&d);
	run((struct load *[]){ &a, &b, &c, &d }, 4, argument("ms=", 2000));
}

/* Three equal domains on two processors get two thirds of one each. delay=US: of migration. */
static void spread(void)
{
	ulong delay = argument("delay=", 0);

	if (delay)
		set_migration_delay((unsigned int)delay);
	start_ticking(&a, "one");
	start_ticking(&b, "two");
	start_ticking(&c, "three");
	load_run(&a);
	load_run(&b);
	load_run(&c);
	run((struct load *[]){ &a, &b, &c }, 3, argument("ms=", 3000));
}

void test_run(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} scenarios[] = {
		{ "weights", weights },     { "cap", cap },     { "answers", answers },
		{ "deadlines", deadlines }, { "pools", pools }, { "spread", spread },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
		if (strstr((const char *)start_info->cmd_line, scenarios[i].name)) {
			hypercall(vcpu_op, VCPUOP_stop_periodic_timer, 0);
			say("shares: scheduler %u", sched_id());
			scenarios[i].run();
			return;
		}
	error("which? weights, cap, answers, deadlines, pools or spread");
}
