/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxd_image.c - what the root of an instance is made from: an image of a server, a directory, the machine */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "netlab/backend/lend.h"
#include "netlab/backend/lxd_internal.h"
#include "netlab/base/util.h"
#include "netlab/ns/image.h"
#include "netlab/rpc/digest.h"

enum { BLOCK = 512, NAMES_MAX = 512 };

/* --- an empty image ---------------------------------------------------------------------------- */

static void octal(char *at, size_t size, unsigned int value)
{
	(void)snprintf(at, size, "%0*o", (int)size - 1, value);
}

/* A header of a tar archive. Source: ustar in pax(1) of POSIX. */
static void add_header(struct lab_strbuf *sb, const char *name, unsigned int mode, size_t size,
		       char type)
{
	static const char magic[8] = { 'u', 's', 't', 'a', 'r', '\0', '0', '0' };
	char h[BLOCK] = { 0 };
	unsigned int sum = 0;

	(void)snprintf(h, 100, "%s", name);
	octal(h + 100, 8, mode);
	octal(h + 108, 8, 0);
	octal(h + 116, 8, 0);
	octal(h + 124, 12, (unsigned int)size);
	octal(h + 136, 12, 0);
	memset(h + 148, ' ', 8);
	h[156] = type;
	memcpy(h + 257, magic, sizeof(magic));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	octal(h + 148, 7, sum);
	lab_strbuf_add(sb, h, sizeof(h));
}

static void pad(struct lab_strbuf *sb, size_t multiple)
{
	static const char zeros[BLOCK];

	while (sb->len % multiple)
		lab_strbuf_add(sb, zeros, LAB_MIN(sizeof(zeros), multiple - sb->len % multiple));
}

/* An image without files: the instance's root is something else. JSON is YAML, too. */
static int empty_image(const struct lab_lxd *lxd, const json_t *info, struct lab_strbuf *ret)
{
	const json_t *archs = json_object_get(json_object_get(info, "environment"),
					      "architectures");
	const char *arch = json_string_value(json_array_get(archs, 0));
	cleanup_json json_t *meta =
		json_pack("{s:s, s:i, s:{s:s, s:s, s:s}}", "architecture", arch ? arch : "x86_64",
			  "creation_date", 1, "properties", "description",
			  "roots of hosts of netlab, which are elsewhere", LAB_LXD_LABEL_LAB,
			  lxd->engine->lab, LAB_LXD_LABEL_KEY, lxd->engine->key);
	cleanup_free char *text = meta ? json_dumps(meta, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
	static const char end[2 * BLOCK];

	if (!text)
		return -ENOMEM;
	add_header(ret, "metadata.yaml", 0644, strlen(text), '0');
	lab_strbuf_puts(ret, text);
	pad(ret, BLOCK);
	add_header(ret, "rootfs/", 0755, 0, '5');
	lab_strbuf_add(ret, end, sizeof(end));
	return ret->error;
}

static int upload(struct lab_lxd *lxd, const struct lab_strbuf *image, const char *fingerprint,
		  struct lab_err *err)
{
	static const char *const headers[] = { "X-LXD-filename: netlab.tar", "X-LXD-public: 0",
					       NULL };
	cleanup_close int fd = memfd_create("netlab-image", MFD_CLOEXEC);
	struct lab_http_req req = { .method = "POST",
				    .body_type = "application/octet-stream",
				    .headers = headers };
	int r;

	if (fd < 0 || write(fd, image->data, image->len) != (ssize_t)image->len ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return lab_err_errno(err, errno, "make an image");
	req.body_fd = fd;
	r = lab_lxd_do(lxd, req, NULL, err, "/1.0/images");
	/* Another host's operation may have been faster. */
	if (r < 0 && lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET", .also = 404 }, NULL,
				  NULL, "/1.0/images/%s", fingerprint) == 200)
		r = 0;
	return r;
}

static int use_empty(struct lab_lxd *lxd, const json_t *info, json_t **ret, struct lab_err *err)
{
	cleanup_strbuf struct lab_strbuf image = LAB_STRBUF_INIT;
	char fingerprint[LAB_DIGEST_STRLEN];
	int r = empty_image(lxd, info, &image);

	if (r < 0)
		return lab_err_errno(err, -r, "make an image");
	lab_digest_mem(image.data, image.len, fingerprint);
	r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET", .also = 404 }, NULL, err,
			 "/1.0/images/%s", fingerprint);
	if (r == 404)
		r = upload(lxd, &image, fingerprint, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "type", "image", "fingerprint", fingerprint);
	return *ret ? 0 : lab_err_set(err, ENOMEM, "out of memory");
}

/* --- images of servers ------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
	cleanup_file FILE *f = path ? fopen(path, "re") : NULL;
	char buf[8192];
	size_t n = f ? fread(buf, 1, sizeof(buf) - 1, f) : 0;

	return n ? strndup(buf, n) : NULL;
}

/*
 * What is not public is given to another server only with a word that who may have it asks for. Where we are nobody, all that we can get is public.
 */
static int ask_for_secret(struct lab_lxd_server *server, const char *alias, json_t *source)
{
	cleanup_lxd struct lab_lxd lxd = { .http = NULL };
	cleanup_json json_t *found = NULL, *op = NULL;
	cleanup_free char *name = lab_http_escape(alias);
	json_t *secret;
	int r = name ? lab_lxd_connect(server, &lxd, NULL) : -ENOMEM;

	if (r == 0)
		r = lab_lxd_call(&lxd, (struct lab_http_req){ .method = "GET" }, &found, NULL,
				 "/1.0/images/aliases/%s", name);
	if (r >= 0)
		r = lab_lxd_begin(&lxd, (struct lab_http_req){ .method = "POST" }, &op, NULL,
				  "/1.0/images/%s/secret",
				  json_string_value(json_object_get(found, "target")));
	secret = json_object_get(json_object_get(op, "metadata"), "secret");
	if (r < 0 || !json_is_string(secret))
		return -ENOENT;
	(void)json_object_del(source, "alias");
	(void)json_object_set(source, "fingerprint", json_object_get(found, "target"));
	return json_object_set(source, "secret", secret) < 0 ? -ENOMEM : 0;
}

/* @server: name or URL of a server of images */
static int from_remote(const char *server, const char *alias, json_t **ret, struct lab_err *err)
{
	cleanup_lxd_server struct lab_lxd_server s = { .socket = NULL };
	cleanup_free char *certificate = NULL;
	bool lxd;
	int r = lab_lxd_server_named(server, &s, err);

	if (r < 0)
		return r;
	lxd = !s.protocol || strcmp(s.protocol, "lxd") == 0;
	if (s.socket)
		*ret = json_pack("{s:s, s:s}", "type", "image", "alias", alias);
	else
		*ret = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "image", "mode", "pull",
				 "server", s.url, "protocol", lxd ? "lxd" : s.protocol, "alias",
				 alias);
	certificate = read_text(s.ca);
	if (*ret && certificate && !s.socket)
		(void)json_object_set_new(*ret, "certificate", json_string(certificate));
	if (*ret && lxd && !s.socket && s.cert && s.key)
		(void)ask_for_secret(&s, alias, *ret);
	return *ret ? 0 : lab_err_set(err, ENOMEM, "out of memory");
}

/* Returns 1 if the server has it. */
static int by_name(struct lab_lxd *lxd, const char *image, json_t **ret, struct lab_err *err)
{
	cleanup_free char *name = lab_http_escape(image);
	int r;

	if (!name)
		return lab_err_set(err, ENOMEM, "out of memory");
	r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET", .also = 404 }, NULL, err,
			 "/1.0/images/aliases/%s", name);
	if (r == 200) {
		*ret = json_pack("{s:s, s:s}", "type", "image", "alias", image);
		return 1;
	}
	if (r == 404 && strlen(image) >= 12 && strspn(image, "0123456789abcdef") == strlen(image)) {
		cleanup_json json_t *found = NULL;

		r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET", .also = 404 }, &found,
				 err, "/1.0/images/%s", name);
		if (r == 200) {
			*ret = json_pack("{s:s, s:O}", "type", "image", "fingerprint",
					 json_object_get(found, "fingerprint"));
			return 1;
		}
	}
	return r < 0 ? r : 0;
}

static int no_image(struct lab_lxd *lxd, const char *image, struct lab_err *err)
{
	cleanup_json json_t *list = NULL;
	const char *names[NAMES_MAX + 1] = { NULL }, *near;
	int r = lab_lxd_call(lxd, (struct lab_http_req){ .method = "GET" }, &list, err,
			     "/1.0/images/aliases?recursion=1");

	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(list) && i < NAMES_MAX; i++)
		names[i] = json_string_value(json_object_get(json_array_get(list, i), "name"));
	near = lab_str_nearest(image, names);
	if (near)
		return lab_err_set(err, ENOENT, "there is no image \"%.100s\"; did you mean %s?",
				   image, near);
	return lab_err_set(
		err, ENOENT,
		"there is no image \"%.100s\": lxc image list and netlab image ls list those that there are",
		image);
}

/* --- what the host says ------------------------------------------------------------------------ */

int lab_lxd_image(struct lab_lxd *lxd, const json_t *info, json_t **ret_source, char **ret_lower,
		  struct lab_err *err)
{
	const char *image = lxd->host->image,
		   *remote = json_string_value(json_object_get(lxd->host->settings, "lxd_remote"));
	const char *colon = image && *image != '/' ? strchr(image, ':') : NULL;
	char id[LAB_IMAGE_ID_SIZE];
	int r = 0;

	*ret_lower = NULL;
	if (remote && !image)
		return lab_err_set(err, EINVAL, "lxd_remote needs an image");
	if (remote)
		return from_remote(remote, image, ret_source, err);
	if (colon) {
		cleanup_free char *server = strndup(image, (size_t)(colon - image));

		return server ? from_remote(server, colon + 1, ret_source, err)
			      : lab_err_set(err, ENOMEM, "out of memory");
	}
	if (image && *image != '/') {
		r = by_name(lxd, image, ret_source, err);
		if (r != 0)
			return r < 0         ? r
			       : *ret_source ? 0
					     : lab_err_set(err, ENOMEM, "out of memory");
		if (lab_image_find(image, id, NULL) < 0)
			return no_image(lxd, image, err);
	}
	r = lab_lend_lower(image, ret_lower, err);
	return r < 0 ? r : use_empty(lxd, info, ret_source, err);
}

bool lab_lxd_lent(const struct lab_engine_host *host)
{
	return json_object_get(host->kept, "lower") != NULL;
}
