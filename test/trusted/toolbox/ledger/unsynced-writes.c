/*
 * Preloaded into a process, keeps beside each data.mdb a copy that has only what was synced: what a disk has that loses power
 * and drops its cache. The copy is named by UNSYNCED_COPY. With UNSYNCED_DEAF set, syncs do nothing for it: the control.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct entry {
  off_t offset;
  size_t length;
  char *octets;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *entries;
static size_t count, room;
static int copy = -1;
static char tracked[1024], durable[1024];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void apply(const struct entry *entry) {
  if (pwrite(copy, entry->octets, entry->length, entry->offset) < 0) abort();
}

static void note(int fd, const void *octets, size_t length, off_t offset) {
  pthread_mutex_lock(&lock);
  if (count == room) entries = realloc(entries, (room = 2 * room + 64) * sizeof *entries);
  struct entry *entry = &entries[count];
  *entry = (struct entry){offset, length, malloc(length)};
  memcpy(entry->octets, octets, length);
  if (durable[fd]) {
    apply(entry);
    free(entry->octets);
  } else {
    count++;
  }
  pthread_mutex_unlock(&lock);
}

static void synced(size_t upTo) {
  if (getenv("UNSYNCED_DEAF")) return;
  pthread_mutex_lock(&lock);
  if (upTo > count) upTo = count;
  for (size_t i = 0; i < upTo; i++) {
    apply(&entries[i]);
    free(entries[i].octets);
  }
  memmove(entries, entries + upTo, (count - upTo) * sizeof *entries);
  count -= upTo;
  pthread_mutex_unlock(&lock);
}

static size_t noted(void) {
  pthread_mutex_lock(&lock);
  size_t now = count;
  pthread_mutex_unlock(&lock);
  return now;
}

static int is(int fd) { return fd >= 0 && fd < 1024 && tracked[fd]; }

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  int fd = REAL(open64)(path, flags, mode);
  size_t length = strlen(path);
  if (fd >= 0 && fd < 1024) {
    tracked[fd] = length > 9 && !strcmp(path + length - 9, "/data.mdb") && (flags & O_ACCMODE) != O_RDONLY;
    durable[fd] = tracked[fd] && (flags & O_DSYNC);
    if (tracked[fd] && copy < 0 && getenv("UNSYNCED_COPY")) {
      copy = REAL(open64)(getenv("UNSYNCED_COPY"), O_RDWR | O_CREAT, 0600);
    }
  }
  return fd;
}

int close(int fd) {
  if (is(fd)) tracked[fd] = durable[fd] = 0;
  return REAL(close)(fd);
}

ssize_t pwrite64(int fd, const void *octets, size_t length, off64_t offset) {
  ssize_t written = REAL(pwrite64)(fd, octets, length, offset);
  if (written > 0 && is(fd) && fd != copy) note(fd, octets, written, offset);
  return written;
}

ssize_t write(int fd, const void *octets, size_t length) {
  off_t offset = is(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
  ssize_t written = REAL(write)(fd, octets, length);
  if (written > 0 && is(fd)) note(fd, octets, written, offset);
  return written;
}

ssize_t writev(int fd, const struct iovec *parts, int many) {
  off_t offset = is(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
  ssize_t written = REAL(writev)(fd, parts, many);
  if (is(fd)) {
    ssize_t left = written;
    for (int i = 0; i < many && left > 0; i++) {
      size_t length = parts[i].iov_len < (size_t)left ? parts[i].iov_len : (size_t)left;
      note(fd, parts[i].iov_base, length, offset);
      offset += length;
      left -= length;
    }
  }
  return written;
}

int fdatasync(int fd) {
  size_t before = noted();
  int status = REAL(fdatasync)(fd);
  if (status == 0 && is(fd)) synced(before);
  return status;
}

int fsync(int fd) {
  size_t before = noted();
  int status = REAL(fsync)(fd);
  if (status == 0 && is(fd)) synced(before);
  return status;
}
