/* Makes writes below one directory fail, on demand. Loaded before the C library (LD_PRELOAD).
 *
 * STEPGATE_FAULTS names a file that both sides map: the test says which write is to fail, and reads whether it did.
 * STEPGATE_FAULTS_BELOW is the directory. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
    uint64_t seen;   /* writes since the process began, or since the test last said 0 */
    uint64_t from;   /* the first that fails, counted from 1; 0 for none */
    uint64_t count;  /* how many fail */
    uint64_t error;  /* with which errno */
    uint64_t failed; /* how many have */
};

static struct control *control;
static const char *below;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("STEPGATE_FAULTS");
    below = getenv("STEPGATE_FAULTS_BELOW");
    if (!path || !below) return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED) control = map;
}

static int fails(int fd) {
    char link[64], path[4096];
    if (!control) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int saved = errno;
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0) return 0;
    path[length] = 0;
    if (strncmp(path, below, strlen(below))) return 0;
    uint64_t seen = __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
    uint64_t from = __atomic_load_n(&control->from, __ATOMIC_SEQ_CST);
    if (!from || seen < from || from + control->count <= seen) return 0;
    __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
    errno = (int)control->error;
    return 1;
}

#define FAILING(result, name, parameters, arguments)                      \
    result name parameters {                                             \
        static result (*real) parameters;                                \
        if (!real) real = (result (*) parameters)dlsym(RTLD_NEXT, #name); \
        return fails(fd) ? -1 : real arguments;                          \
    }

FAILING(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n))
FAILING(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
FAILING(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t at), (fd, b, n, at))
FAILING(ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t at), (fd, b, n, at))
FAILING(int, fsync, (int fd), (fd))
FAILING(int, fdatasync, (int fd), (fd))
FAILING(int, ftruncate, (int fd, off_t n), (fd, n))
FAILING(int, ftruncate64, (int fd, off64_t n), (fd, n))
