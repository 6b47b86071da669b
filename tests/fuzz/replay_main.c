/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a fuzz target once over every file of the given folders: the corpus as an ordinary test. */

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (16U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int dirfd, const char *name)
{
	uint8_t *data = NULL;
	ssize_t n = -1;
	struct stat st;
	int fd;

	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX) {
		/* Exactly the file's size, so that the sanitizer sees a read past its end. */
		data = malloc(st.st_size ? (size_t)st.st_size : 1);
		if (data)
			n = read(fd, data, (size_t)st.st_size);
	}
	if (fd >= 0)
		close(fd);
	if (n < 0)
		fprintf(stderr, "%s: cannot be read\n", name);
	else
		(void)LLVMFuzzerTestOneInput(data, (size_t)n);
	free(data);
	return n < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	unsigned int files = 0, failed = 0;
	struct dirent *de;
	DIR *dir;
	int i;

	for (i = 1; i < argc; i++) {
		dir = opendir(argv[i]);
		if (!dir) {
			perror(argv[i]);
			return 1;
		}
		while ((de = readdir(dir))) {
			if (de->d_name[0] == '.')
				continue;
			files++;
			failed += replay_file(dirfd(dir), de->d_name) < 0;
		}
		closedir(dir);
	}
	printf("%u files replayed, %u unreadable\n", files, failed);
	return failed || !files;
}
