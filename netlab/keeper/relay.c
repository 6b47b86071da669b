/* SPDX-License-Identifier: GPL-2.0-or-later */
/* relay.c - requests from clients to agents and back, with job and stream numbers that belong to each side */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlab/keeper/host.h"
#include "netlab/keeper/keeper_internal.h"
#include "netlab/keeper/links.h"

/*
 * A client numbers its jobs and streams as it likes; towards the agents they get numbers that are unique in the lab. Requests are
 * passed on as they came, with the member "host" taken off and the numbers exchanged.
 */
enum {
	QUEUE_HIGH = 8 << 20, /* bytes queued for one side before the other is paused */
	NAME_LEN = LAB_TOPO_ID_MAX + LAB_NETNS_LEN + 16,
};

/**
 * struct lab_kstream - one direction of a raw stream through the keeper
 * @from_client: the side it comes from
 * @client:	the client, NULL when it is gone
 * @host:	the host
 * @client_no:	its number for the client
 * @agent_no:	its number for the agent
 * @ended:	the agent has been told its end
 * @sink:	of a program that the keeper runs itself: takes its output; then there is no client
 */
struct lab_kstream {
	bool from_client, ended;
	struct lab_strbuf *sink;
	struct lab_kclient *client;
	struct lab_khost *host;
	uint32_t client_no, agent_no;
};

/**
 * struct lab_kjob - a running command
 * @client:	whose it is; NULL when that one is gone
 * @host:	where it runs
 * @client_no:	its number for the client
 * @agent_no:	its number for the agent
 * @streams:	in, out, err; NULL where there is none
 */
struct lab_kjob {
	struct lab_kclient *client;
	struct lab_khost *host;
	uint32_t client_no, agent_no;
	struct lab_kstream *streams[3];
};

/**
 * struct pending - a request that an agent has not answered yet
 * @client:	who asked
 * @host:	whose agent it is
 * @id:		for the answer
 * @job:	for `exec`
 * @stream:	for `file.put`
 */
struct pending {
	struct lab_kclient *client;
	const struct lab_khost *host;
	uint64_t id;
	struct lab_kjob *job;
	struct lab_kstream *stream;
};

/* ---- streams and jobs ---- */

static void stream_free(struct lab_kstream *s)
{
	if (!s)
		return;
	if (!s->from_client)
		(void)lab_map_remove(&s->host->keeper->streams, s->agent_no);
	else if (s->client)
		(void)lab_map_remove(&s->client->streams, s->client_no);
	free(s);
}

static struct lab_kstream *stream_new(struct lab_kclient *c, struct lab_khost *host,
				      uint32_t client_no, bool from_client)
{
	struct lab_keeper *k = c->keeper;
	struct lab_kstream *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return NULL;
	s->from_client = from_client;
	s->client = c;
	s->host = host;
	s->client_no = client_no;
	s->agent_no = ++k->next_stream;
	r = from_client ? lab_map_set(&c->streams, client_no, s)
			: lab_map_set(&k->streams, s->agent_no, s);
	if (r < 0) {
		free(s);
		return NULL;
	}
	return s;
}

/* An agent waits for the end of what it is sent, also when nobody is left to send it. */
static void stream_end(struct lab_kstream *s)
{
	if (s->from_client && !s->ended && s->host->rpc)
		(void)lab_rpc_send_block(s->host->rpc, s->agent_no, NULL, 0);
	s->ended = true;
}

static void job_free(struct lab_kjob *job)
{
	if (!job)
		return;
	for (size_t i = 0; i < 3; i++)
		stream_free(job->streams[i]);
	if (job->client)
		(void)lab_map_remove(&job->client->jobs, job->client_no);
	free(job);
}

static void kill_job(const struct lab_kjob *job)
{
	if (job->host->rpc)
		(void)lab_rpc_notify(job->host->rpc, "signal",
				     json_pack("{s:I, s:i}", "job", (json_int_t)job->agent_no,
					       "signal", SIGKILL),
				     NULL, 0);
}

/* ---- clients ---- */

/* A client did not read, and now it has read or is gone: let the hosts go on. */
static void resume_host(struct lab_khost *host)
{
	if (!host->paused)
		return;
	host->paused = false;
	host->keeper->n_paused--;
	lab_rpc_pause(host->rpc, false);
}

static void resume_hosts(struct lab_keeper *k)
{
	for (size_t i = 0; i < k->topo->n_hosts && k->n_paused; i++)
		for (unsigned int n = 0; n <= k->topo->hosts[i].n_netns; n++)
			resume_host(lab_khost_space(&k->hosts[i], n));
}

static void client_unlink(struct lab_kclient *c)
{
	struct lab_kclient **at = &c->keeper->clients;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
}

static void client_release(struct lab_kclient *c)
{
	if (!c->gone || c->n_pending)
		return;
	lab_map_fini(&c->streams);
	lab_map_fini(&c->jobs);
	free(c);
}

void lab_relay_released(struct lab_kclient *c)
{
	c->n_pending--;
	client_release(c);
}

static void on_client_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct lab_kclient *c = user;
	struct lab_keeper *k = c->keeper;
	struct lab_kstream *s;
	struct lab_kjob *job;
	size_t pos = 0;

	(void)err;
	if (k->starter == c) {
		k->starter = NULL;
		if (k->leash || !k->up)
			lab_keeper_end(k);
	}
	while ((job = lab_map_next(&c->jobs, &pos)) != NULL) {
		kill_job(job);
		for (size_t i = 0; i < 3; i++)
			if (job->streams[i])
				job->streams[i]->client = NULL;
		job->client = NULL;
	}
	pos = 0;
	while ((s = lab_map_next(&c->streams, &pos)) != NULL) {
		stream_end(s);
		s->client = NULL;
	}
	c->gone = true;
	c->rpc = NULL;
	lab_rpc_free(rpc);
	client_unlink(c);
	client_release(c);
	resume_hosts(k);
}

/* An agent stopped reading, and now it has read: let the clients go on. */
static void resume_clients(struct lab_keeper *k)
{
	for (struct lab_kclient *c = k->clients; c; c = c->next)
		if (c->rpc)
			lab_rpc_pause(c->rpc, false);
}

static void on_client_drained(struct lab_rpc *rpc, void *user)
{
	const struct lab_kclient *c = user;

	(void)rpc;
	resume_hosts(c->keeper);
}

static void on_client_block(struct lab_rpc *rpc, uint32_t no, const void *data, size_t len,
			    void *user)
{
	struct lab_kclient *c = user;
	struct lab_kstream *s = lab_map_get(&c->streams, no);

	/* The command may have ended before its input did. */
	if (!s || s->ended || !s->host->rpc)
		return;
	s->ended = len == 0;
	(void)lab_rpc_send_block(s->host->rpc, s->agent_no, data, len);
	if (lab_rpc_queued(s->host->rpc) > QUEUE_HIGH)
		lab_rpc_pause(rpc, true);
}

/* ---- requests ---- */

static void refuse(struct lab_rpc_req *req, int code, const char *text)
{
	struct lab_err err;

	(void)lab_err_set(&err, code, "%s", text);
	(void)lab_rpc_reply_err(req->rpc, req->id, &err);
}

static void on_answer(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
		      unsigned int n_fds, void *user)
{
	struct pending *p = user;
	struct lab_kclient *c = p->client;
	struct lab_err dead;

	(void)rpc;
	if (c->rpc && result)
		(void)lab_rpc_reply(c->rpc, p->id, json_incref(result), fds, n_fds);
	else if (c->rpc && err->code != ECONNRESET)
		(void)lab_rpc_reply_err(c->rpc, p->id, err);
	else if (c->rpc) {
		(void)lab_err_set(&dead, EHOSTDOWN, "the host %s",
				  lab_hosts_asked(p->host) ? "was stopped" : "has died");
		(void)lab_rpc_reply_err(c->rpc, p->id, &dead);
	}
	job_free(p->job);
	if (p->stream)
		stream_end(p->stream);
	stream_free(p->stream);
	free(p);
	lab_relay_released(c);
}

/* What is said of the host goes before what is said of the command. */
static int add_environment(const struct lab_khost *host, json_t *params)
{
	const json_t *env = lab_hosts_environment(&host->keeper->hosts[host->index]);
	json_t *own = json_object_get(params, "env"), *all;
	int r;

	if (!env || (own && !json_is_object(own) && !json_is_null(own)))
		return 0;
	all = json_copy((json_t *)env);
	r = all && (!json_is_object(own) || json_object_update(all, own) == 0) ? 0 : -ENOMEM;
	if (r == 0)
		return json_object_set_new(params, "env", all) < 0 ? -ENOMEM : 0;
	json_decref(all);
	return r;
}

/* Exchange the job's number, and those of its streams, in the parameters of `exec`. */
static int map_exec(struct lab_kclient *c, struct lab_khost *host, json_t *params,
		    struct lab_kjob **ret)
{
	json_int_t no = json_integer_value(json_object_get(params, "job"));
	json_t *streams = json_object_get(params, "streams");
	struct lab_kjob *job;
	int r;

	if (no <= 0 || no > UINT32_MAX || lab_map_get(&c->jobs, (uint64_t)no))
		return -EINVAL;
	if (streams && json_array_size(streams) != 3)
		return -EINVAL;
	r = add_environment(host, params);
	if (r < 0)
		return r;
	r = -ENOMEM;
	job = calloc(1, sizeof(*job));
	if (!job)
		return r;
	job->client = c;
	job->host = host;
	job->client_no = (uint32_t)no;
	job->agent_no = ++c->keeper->next_job;
	if (lab_map_set(&c->jobs, job->client_no, job) < 0) {
		free(job);
		return -ENOMEM;
	}
	for (size_t i = 0; streams && i < 3; i++) {
		json_int_t sno = json_integer_value(json_array_get(streams, i));

		if (sno < 0 || sno > UINT32_MAX ||
		    (i == 0 && lab_map_get(&c->streams, (uint64_t)sno))) {
			r = -EINVAL;
			goto fail;
		}
		if (sno == 0)
			continue;
		if (i == 2 && job->streams[1] && (uint32_t)sno == job->streams[1]->client_no) {
			(void)json_array_set_new(streams, i,
						 json_integer(job->streams[1]->agent_no));
			continue;
		}
		job->streams[i] = stream_new(c, host, (uint32_t)sno, i == 0);
		if (!job->streams[i] ||
		    json_array_set_new(streams, i, json_integer(job->streams[i]->agent_no)) < 0)
			goto fail;
	}
	if (json_object_set_new(params, "job", json_integer(job->agent_no)) < 0)
		goto fail;
	*ret = job;
	return 0;
fail:
	job_free(job);
	return r;
}

/* A signal goes to the agent that has the job, whatever namespace that is in. */
static int map_signal(const struct lab_kclient *c, json_t *params, struct lab_khost **host)
{
	json_int_t no = json_integer_value(json_object_get(params, "job"));
	const struct lab_kjob *job = no > 0 ? lab_map_get(&c->jobs, (uint64_t)no) : NULL;

	if (!job || job->host->index != (*host)->index || !job->host->rpc)
		return -ESRCH;
	*host = job->host;
	return json_object_set_new(params, "job", json_integer(job->agent_no)) < 0 ? -ENOMEM : 0;
}

static int map_put(struct lab_kclient *c, struct lab_khost *host, json_t *params,
		   struct lab_kstream **ret)
{
	json_int_t no = json_integer_value(json_object_get(params, "stream"));

	if (no <= 0 || no > UINT32_MAX || lab_map_get(&c->streams, (uint64_t)no))
		return -EINVAL;
	*ret = stream_new(c, host, (uint32_t)no, true);
	if (!*ret)
		return -ENOMEM;
	return json_object_set_new(params, "stream", json_integer((*ret)->agent_no)) < 0 ? -ENOMEM
											 : 0;
}

/* "host h1", or "host h1: netns blue". */
static const char *name_host(const struct lab_khost *host, char *buf, size_t size)
{
	const struct lab_host *h = &host->keeper->topo->hosts[host->index];

	if (host->space)
		(void)snprintf(buf, size, "host %s: netns %s", h->id, h->netns[host->space - 1]);
	else
		(void)snprintf(buf, size, "host %s", h->id);
	return buf;
}

/* The agent of the host and the namespace that a request names. */
static int find_agent(struct lab_keeper *k, const json_t *params, struct lab_khost **ret,
		      struct lab_err *err)
{
	const char *id = json_string_value(json_object_get(params, "host"));
	const json_t *netns = json_object_get(params, "netns");
	const char *name = json_string_value(netns);
	char text[NAME_LEN];
	long index = id ? lab_topo_find_host(k->topo, id) : -EINVAL;
	int space = 0;

	if (index < 0)
		return lab_err_set(err, id ? ENOENT : EINVAL, "no host \"%s\" in lab %s",
				   id ? id : "", k->rundir.name);
	if (netns && !json_is_null(netns))
		space = name ? lab_topo_find_netns(&k->topo->hosts[index], name) : -EINVAL;
	if (space < 0)
		return lab_err_set(err, EINVAL, "no network namespace \"%s\"", name ? name : "");
	*ret = lab_khost_space(&k->hosts[index], (unsigned int)space);
	if (lab_hosts_frozen(&k->hosts[index]))
		return lab_err_set(err, EBUSY, "host %s is frozen; unfreeze it first", id);
	if ((*ret)->rpc && (*ret)->state == LAB_HOST_RUNNING)
		return 0;
	return lab_err_set(err, EHOSTDOWN, "%s %s", name_host(*ret, text, sizeof(text)),
			   (*ret)->state != LAB_HOST_DEAD      ? "is not up yet"
			   : lab_hosts_asked(&k->hosts[index]) ? "is stopped"
							       : "has died");
}

/* Pass a request on to the agent of the host that it names. */
static void forward(struct lab_kclient *c, struct lab_rpc_req *req)
{
	struct pending *p = NULL;
	cleanup_json json_t *params = NULL;
	struct lab_khost *host = NULL;
	struct lab_err err;
	int r = 0;

	if (find_agent(c->keeper, req->params, &host, &err) < 0) {
		(void)lab_rpc_reply_err(req->rpc, req->id, &err);
		return;
	}
	params = json_deep_copy(req->params);
	p = calloc(1, sizeof(*p));
	if (!params || !p || json_object_del(params, "host") < 0) {
		free(p);
		refuse(req, ENOMEM, "out of memory");
		return;
	}
	p->client = c;
	p->host = &c->keeper->hosts[host->index];
	p->id = req->id;
	if (host->space)
		(void)json_object_del(params, "netns");
	if (strcmp(req->method, "exec") == 0)
		r = map_exec(c, host, params, &p->job);
	else if (strcmp(req->method, "signal") == 0)
		r = map_signal(c, params, &host);
	else if (strcmp(req->method, "file.put") == 0)
		r = map_put(c, host, params, &p->stream);
	if (r == 0)
		r = lab_rpc_call(host->rpc, req->method, take_ptr(&params), req->fds, req->n_fds,
				 on_answer, p);
	if (r == 0) {
		c->n_pending++;
		return;
	}
	job_free(p->job);
	stream_free(p->stream);
	free(p);
	refuse(req, -r,
	       r == -ESRCH    ? "no such job"
	       : r == -EINVAL ? "bad job or stream number"
			      : "cannot reach the agent");
}

/* What a program in the host makes is waited for: the client may go away meanwhile. */
static void answer_links(struct lab_kclient *c, const struct lab_rpc_req *req)
{
	cleanup_json json_t *params = json_incref(req->params);
	json_t *result = NULL;
	uint64_t id = req->id;
	struct lab_err err;
	int r;

	c->n_pending++;
	r = lab_links_request(c->keeper, req->method, params, &result, &err);
	c->n_pending--;
	if (r == 0)
		(void)lab_err_set(&err, ENOSYS, "no such method");
	if (c->rpc && r > 0)
		(void)lab_rpc_reply(c->rpc, id, json_incref(result), NULL, 0);
	else if (c->rpc)
		(void)lab_rpc_reply_err(c->rpc, id, &err);
	json_decref(result);
	client_release(c);
}

static void on_client_request(struct lab_rpc_req *req, void *user)
{
	static const char *const forwarded[] = { "exec",     "signal",   "file.missing",
						 "file.put", "tree.put", "config.write",
						 "ping" };
	struct lab_kclient *c = user;
	struct lab_keeper *k = c->keeper;

	for (size_t i = 0; i < LAB_ARRAY_SIZE(forwarded); i++)
		if (strcmp(req->method, forwarded[i]) == 0) {
			forward(c, req);
			return;
		}
	if (strcmp(req->method, "inspect") == 0) {
		bool brief = json_is_false(json_object_get(req->params, "topology"));

		(void)lab_rpc_reply(req->rpc, req->id, lab_relay_inspect(k, !brief), NULL, 0);
	} else if (strcmp(req->method, "release") == 0 && c == k->starter) {
		k->leash = false;
		k->starter = NULL;
		(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
		(void)lab_rpc_reply(req->rpc, req->id, NULL, NULL, 0);
	} else if (strcmp(req->method, "down") == 0) {
		(void)lab_rpc_reply(req->rpc, req->id, NULL, NULL, 0);
		lab_keeper_end(k);
	} else if (strncmp(req->method, "host.", 5) == 0 || strcmp(req->method, "check") == 0) {
		lab_hosts_request(c, req);
	} else {
		answer_links(c, req);
	}
}

static const struct lab_rpc_ops client_ops = {
	.request = on_client_request,
	.block = on_client_block,
	.closed = on_client_closed,
	.drained = on_client_drained,
};

int lab_relay_accept(struct lab_keeper *k, int fd, struct lab_kclient **ret)
{
	struct lab_kclient *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		(void)close(fd);
		return -ENOMEM;
	}
	c->keeper = k;
	r = lab_rpc_new(k->loop, fd, &client_ops, c, &c->rpc);
	if (r < 0) {
		free(c);
		return r;
	}
	c->next = k->clients;
	k->clients = c;
	if (ret)
		*ret = c;
	return 0;
}

/* ---- agents ---- */

static void host_failed(struct lab_khost *host, int code, const char *text)
{
	struct lab_keeper *k = host->keeper;
	char name[NAME_LEN];

	host->state = LAB_HOST_DEAD;
	if (k->up)
		lab_hosts_failed(&k->hosts[host->index], code == ECONNRESET ? NULL : text);
	if (k->up || k->failed)
		return;
	k->failed = true;
	(void)lab_err_set(&k->err, code, "%s: %s", name_host(host, name, sizeof(name)), text);
	(void)lab_err_at(&k->err, 0, &k->topo->hosts[host->index].src);
}

static void on_hello(struct lab_khost *host)
{
	struct lab_keeper *k = host->keeper;

	if (host->state != LAB_HOST_STARTING)
		return;
	host->state = LAB_HOST_RUNNING;
	k->n_running += host->space == 0;
	lab_hosts_changed(&k->hosts[host->index]);
}

/* A host has made one of its further namespaces, and an agent in it. */
static void on_netns(struct lab_khost *host, struct lab_rpc_req *req)
{
	const char *name = json_string_value(json_object_get(req->params, "name"));
	int number = name ? lab_topo_find_netns(&host->keeper->topo->hosts[host->index], name) : 0;
	struct lab_khost *space;
	int r;

	if (host->space || number <= 0 || req->n_fds != 2 ||
	    host->spaces[number - 1].state != LAB_HOST_PLANNED) {
		host_failed(host, EPROTO,
			    "it told of a network namespace that it was not asked for");
		return;
	}
	space = &host->spaces[number - 1];
	space->state = LAB_HOST_STARTING;
	close_fd(&space->netns);
	space->netns = take_fd(&req->fds[1]);
	r = lab_relay_attach(space, take_fd(&req->fds[0]));
	if (r < 0)
		host_failed(space, -r, strerror(-r));
}

/* Which job a host means by a number; NULL when its client is gone. */
static const struct lab_kjob *find_job(const struct lab_khost *host, json_int_t agent_no)
{
	const struct lab_kjob *job;

	for (struct lab_kclient *c = host->keeper->clients; c; c = c->next) {
		size_t pos = 0;

		while ((job = lab_map_next(&c->jobs, &pos)) != NULL)
			if (job->host == host && job->agent_no == agent_no)
				return job;
	}
	return NULL;
}

/* News of a job, for its client and under its number: its terminal, or how much of its input it has taken. */
static void on_job_news(const struct lab_khost *host, const struct lab_rpc_req *req)
{
	const struct lab_kjob *job =
		find_job(host, json_integer_value(json_object_get(req->params, "job")));
	cleanup_json json_t *params = NULL;

	if (!job || !job->client->rpc)
		return;
	params = json_copy(req->params);
	if (params && json_object_set_new(params, "job", json_integer(job->client_no)) == 0)
		(void)lab_rpc_notify(job->client->rpc, req->method, take_ptr(&params), req->fds,
				     req->n_fds);
}

static void on_agent_request(struct lab_rpc_req *req, void *user)
{
	struct lab_khost *host = user;

	if (strcmp(req->method, "hello") == 0) {
		on_hello(host);
	} else if (strcmp(req->method, "netns") == 0) {
		on_netns(host, req);
	} else if (strcmp(req->method, "job.started") == 0 ||
		   strcmp(req->method, "job.input") == 0) {
		on_job_news(host, req);
	} else if (strcmp(req->method, "host.failed") == 0) {
		const char *text = json_string_value(json_object_get(req->params, "message"));
		json_int_t code = json_integer_value(json_object_get(req->params, "code"));

		host_failed(host, code > 0 && code < 4096 ? (int)code : EPROTO,
			    text ? text : "cannot start");
	} else {
		refuse(req, ENOSYS, "no such method");
	}
}

static void on_agent_block(struct lab_rpc *rpc, uint32_t no, const void *data, size_t len,
			   void *user)
{
	struct lab_khost *host = user;
	const struct lab_kstream *s = lab_map_get(&host->keeper->streams, no);

	if (s && s->host == host && s->sink && s->sink->len + len <= LAB_RUN_OUTPUT_MAX)
		lab_strbuf_add(s->sink, data, len);
	if (!s || s->host != host || !s->client || !s->client->rpc)
		return;
	(void)lab_rpc_send_block(s->client->rpc, s->client_no, data, len);
	if (lab_rpc_queued(s->client->rpc) > QUEUE_HIGH && !host->paused) {
		host->paused = true;
		host->keeper->n_paused++;
		lab_rpc_pause(rpc, true);
	}
}

static void on_agent_closed(struct lab_rpc *rpc, const struct lab_err *err, void *user)
{
	struct lab_khost *host = user;

	host->rpc = NULL;
	host->keeper->n_paused -= host->paused;
	host->paused = false;
	host_failed(host, ECONNRESET,
		    err && err->code ? err->msg : "its agent ended while it started");
	lab_rpc_free(rpc);
	resume_clients(host->keeper);
	lab_hosts_changed(&host->keeper->hosts[host->index]);
}

static void on_agent_drained(struct lab_rpc *rpc, void *user)
{
	const struct lab_khost *host = user;

	(void)rpc;
	resume_clients(host->keeper);
}

static const struct lab_rpc_ops agent_ops = {
	.request = on_agent_request,
	.block = on_agent_block,
	.closed = on_agent_closed,
	.drained = on_agent_drained,
};

int lab_relay_attach(struct lab_khost *host, int fd)
{
	return lab_rpc_new(host->keeper->loop, fd, &agent_ops, host, &host->rpc);
}

/* ---- programs of the keeper's own ---- */

enum { RUN_MS = 120000, RUN_MORE_US = 5000000 };

/* How a program of the keeper's ended; @given_up: nobody waits for it any more. */
struct run {
	bool done, given_up;
	int code;
	struct lab_err err;
	struct lab_strbuf out;
};

static void run_free(struct run *run)
{
	lab_strbuf_fini(&run->out);
	free(run);
}

static void on_run_answer(struct lab_rpc *rpc, json_t *result, const struct lab_err *err, int *fds,
			  unsigned int n_fds, void *user)
{
	const json_t *exit = json_object_get(result, "exit");
	struct run *run = user;

	(void)rpc;
	(void)fds;
	(void)n_fds;
	if (run->given_up) {
		run_free(run);
		return;
	}
	run->done = true;
	run->code = json_is_integer(exit) ? (int)json_integer_value(exit) : -1;
	if (err)
		run->err = *err;
}

static const char *last_line(struct lab_strbuf *out)
{
	char *text = out->data, *end;

	if (!out->len)
		return "it says nothing about it";
	end = text + out->len;
	while (end > text && (end[-1] == '\n' || end[-1] == ' '))
		*--end = '\0';
	end = strrchr(text, '\n');
	return end ? end + 1 : text;
}

static int run_verdict(struct run *run, struct lab_err *err)
{
	if (run->err.code) {
		if (err)
			*err = run->err;
		return -run->err.code;
	}
	if (run->code == 0)
		return 0;
	return lab_err_set(err, EINVAL, "%s", last_line(&run->out));
}

static json_t *run_params(struct lab_keeper *k, const char *const *argv, uint32_t stream)
{
	json_t *array = json_array();
	int r = 0;

	for (; *argv; argv++)
		r |= json_array_append_new(array, json_string(*argv));
	if (r < 0) {
		json_decref(array);
		return NULL;
	}
	return json_pack("{s:I, s:o, s:s, s:[i,I,I], s:i}", "job", (json_int_t)++k->next_job,
			 "argv", array, "stdio", "streams", "streams", 0, (json_int_t)stream,
			 (json_int_t)stream, "timeout_ms", RUN_MS);
}

static int run_wait(struct lab_khost *space, const struct run *run, const char *program,
		    struct lab_err *err)
{
	uint64_t deadline = lab_loop_now_us() + RUN_MS * 1000ull + RUN_MORE_US;
	int r = 0;

	while (!run->done && r == 0)
		r = lab_keeper_wait(space->keeper, deadline, program, err);
	return r;
}

static int run_start(struct lab_khost *space, const char *const *argv, uint32_t stream,
		     struct run *run)
{
	json_t *params;

	if (!space->rpc)
		return -EHOSTDOWN;
	params = run_params(space->keeper, argv, stream);
	if (!params)
		return -ENOMEM;
	return lab_rpc_call(space->rpc, "exec", params, NULL, 0, on_run_answer, run);
}

int lab_relay_run(struct lab_khost *space, const char *const *argv, struct lab_strbuf *out,
		  struct lab_err *err)
{
	struct lab_keeper *k = space->keeper;
	struct lab_kstream stream = { .host = space, .agent_no = ++k->next_stream };
	struct run *run = calloc(1, sizeof(*run));
	int r;

	if (!run || lab_map_set(&k->streams, stream.agent_no, &stream) < 0) {
		free(run);
		return lab_err_errno(err, ENOMEM, "%s", argv[0]);
	}
	stream.sink = &run->out;
	r = run_start(space, argv, stream.agent_no, run);
	if (r < 0) {
		(void)lab_map_remove(&k->streams, stream.agent_no);
		run_free(run);
		return lab_err_errno(err, -r, "%s", argv[0]);
	}
	r = run_wait(space, run, argv[0], err);
	(void)lab_map_remove(&k->streams, stream.agent_no);
	if (!run->done) {
		run->given_up = true;
		return r;
	}
	r = run_verdict(run, err);
	if (r == 0 && out)
		lab_strbuf_add(out, lab_strbuf_str(&run->out), run->out.len);
	run_free(run);
	return r;
}

/* ---- description ---- */

json_t *lab_relay_inspect(const struct lab_keeper *k, bool topology)
{
	json_t *hosts = json_array(), *result;

	for (size_t i = 0; i < k->topo->n_hosts; i++)
		if (*k->topo->hosts[i].id)
			(void)json_array_append_new(
				hosts, json_pack("{s:s, s:i, s:s}", "id", k->topo->hosts[i].id,
						 "pid", (int)k->hosts[i].pid, "state",
						 lab_hosts_state(&k->hosts[i])));
	result = json_pack("{s:s, s:I, s:o}", "lab", k->rundir.name, "created",
			   (json_int_t)k->created, "hosts", hosts);
	if (result && topology)
		(void)json_object_set_new(result, "topology", lab_topo_to_json(k->topo));
	if (result && k->recipe)
		(void)json_object_set_new(result, "recipe", json_string(k->recipe));
	return result;
}
