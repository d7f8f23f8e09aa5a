/* SPDX-License-Identifier: MIT */
/* Control commands: what an administrator may ask of the daemon. */
#include <string.h>

#include "lib/format.h"
#include "xenstore/process.h"
#include "xenstore/server.h"

#define WORDS_MAX 4

struct control {
	struct request *req;
	const char *word[WORDS_MAX]; /* the command, then its parameters */
	unsigned int words;
};

static int control_check(struct control *ctl)
{
	const char *wrong = server_check(ctl->req->server);

	if (!wrong)
		return 0;
	if (ctl->req->server->host->log)
		ctl->req->server->host->log(wrong);
	return -EIO;
}

static int control_log(struct control *ctl)
{
	bool on = ctl->words == 2 && !strcmp(ctl->word[1], "on");

	if (!on && (ctl->words != 2 || strcmp(ctl->word[1], "off")))
		return -EINVAL;
	ctl->req->server->trace = on;
	return 0;
}

static int control_print(struct control *ctl)
{
	if (ctl->words != 2)
		return -EINVAL;
	if (ctl->req->server->host->log)
		ctl->req->server->host->log(ctl->word[1]);
	return 0;
}

/* What one domain uses. */
static int quota_use(struct control *ctl)
{
	struct server *server = ctl->req->server;
	const struct connection *conn;
	char text[160];
	uint16_t domid;

	if (request_domid(ctl->word[1], &domid))
		return -EINVAL;
	conn = server_find(server, domid);
	str_format(text, sizeof(text),
		   "nodes: %u\nwatches: %u\ntransactions: %u\noutstanding: %u\n",
		   tally_nodes(&server->store.tally, domid), conn ? conn->watch_count : 0,
		   conn ? conn->transaction_count : 0, conn ? conn->out_count : 0);
	return request_reply_string(ctl->req, text);
}

static int quota_list(struct control *ctl)
{
	char text[320];
	size_t len = str_format(text, sizeof(text), "limits of each domain (0: none)\n");

	for (unsigned int i = 0; quota_name(i); i++)
		len += str_format(text + len, sizeof(text) - len, "%s: %u\n", quota_name(i),
				  *quota_find(&ctl->req->server->quota, quota_name(i)));
	return request_reply_string(ctl->req, text);
}

static int control_quota(struct control *ctl)
{
	uint32_t *limit;
	uint64_t value;

	if (ctl->words == 1)
		return quota_list(ctl);
	if (ctl->words == 2)
		return quota_use(ctl);
	if (ctl->words != 4 || strcmp(ctl->word[1], "set"))
		return -EINVAL;
	limit = quota_find(&ctl->req->server->quota, ctl->word[2]);
	if (!limit || !wire_number(ctl->word[3], UINT32_MAX, &value))
		return -EINVAL;
	*limit = value;
	return 0;
}

static int control_help(struct control *ctl);

static const struct {
	const char *name;
	const char *parameters;
	int (*run)(struct control *ctl);
} commands[] = {
	{ "check", "", control_check },
	{ "help", "", control_help },
	{ "log", "on|off", control_log },
	{ "print", "<string>", control_print },
	{ "quota", "[<domid>|set <name> <value>]", control_quota },
};

static int control_help(struct control *ctl)
{
	char text[256];
	size_t len = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
		len += str_format(text + len, sizeof(text) - len, "%s\t%s\n", commands[i].name,
				  commands[i].parameters);
	return request_reply_string(ctl->req, text);
}

int process_control(struct request *req)
{
	struct control ctl = { .req = req };
	size_t rest;

	ctl.words = wire_strings(req->body, req->len, ctl.word, WORDS_MAX, NULL, &rest);
	if (!ctl.words || rest)
		return -EINVAL;
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, ctl.word[0]))
			return commands[i].run(&ctl);
	}
	return -EINVAL;
}
