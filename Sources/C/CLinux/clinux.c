#define _GNU_SOURCE 1

#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

// Debian 12 ships the headers of Linux 6.1.
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int clinux_peer_credentials(int fd, struct clinux_peer *peer) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
    peer->pid = credentials.pid;
    peer->uid = credentials.uid;
    peer->gid = credentials.gid;
    return 0;
}

int clinux_peer_pidfd(int fd) {
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) != 0) return -1;
    return pidfd;
}

int clinux_peer_groups(int fd, gid_t *groups, int capacity) {
    socklen_t length = (socklen_t)capacity * sizeof *groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) != 0 && errno != ERANGE) return -1;
    return (int)(length / sizeof *groups);
}

static int file_state(int fd, const char *path, int flags, struct clinux_file_state *state) {
    struct statx status;
    if (statx(fd, path, flags, STATX_BASIC_STATS, &status) != 0) return -1;
    state->device = makedev(status.stx_dev_major, status.stx_dev_minor);
    state->number = status.stx_ino;
    state->size = status.stx_size;
    state->modified[0] = status.stx_mtime.tv_sec;
    state->modified[1] = status.stx_mtime.tv_nsec;
    state->changed[0] = status.stx_ctime.tv_sec;
    state->changed[1] = status.stx_ctime.tv_nsec;
    return 0;
}

int clinux_file_state(const char *path, struct clinux_file_state *state) {
    return file_state(AT_FDCWD, path, AT_STATX_DONT_SYNC, state);
}

int clinux_open_file_state(int fd, struct clinux_file_state *state) {
    return file_state(fd, "", AT_EMPTY_PATH, state);
}

int clinux_is_in_memory(const char *path) {
    struct statfs status;
    // Compared as the 32 bits that linux/magic.h has: the field's type differs between architectures.
    return statfs(path, &status) == 0 &&
           ((uint32_t)status.f_type == TMPFS_MAGIC || (uint32_t)status.f_type == RAMFS_MAGIC);
}

int clinux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_pidfd_send_signal(int pidfd, int signal_number) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0);
}

int clinux_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC); }

int clinux_accept_nonblocking(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

_Static_assert(clinux_readable == EPOLLIN && clinux_writable == EPOLLOUT && clinux_failed == EPOLLERR &&
                   clinux_hung_up == EPOLLHUP && clinux_half_closed == EPOLLRDHUP,
               "the events of epoll");

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_epoll_watch(int epoll, int fd, unsigned serial, unsigned events, int is_new) {
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)serial << 32 | (uint32_t)fd};
    return epoll_ctl(epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

int clinux_epoll_forget(int epoll, int fd) { return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); }

int clinux_epoll_wait(int epoll, struct clinux_ready *ready, int capacity, int timeout) {
    struct epoll_event events[64];
    int most = (int)(sizeof events / sizeof *events);
    int count = epoll_wait(epoll, events, capacity < most ? capacity : most, timeout);
    for (int index = 0; index < count; index++) {
        ready[index].fd = (int)(uint32_t)events[index].data.u64;
        ready[index].serial = (unsigned)(events[index].data.u64 >> 32);
        ready[index].events = events[index].events;
    }
    return count;
}

void clinux_trim_heap(void) { (void)malloc_trim(0); }

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_set_not_dumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int clinux_forbid_core_files(void) {
    struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none);
}

int clinux_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0; }

static unsigned long long soft_limit(int resource) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    return limit.rlim_cur;
}

unsigned long long clinux_core_limit(void) { return soft_limit(RLIMIT_CORE); }

unsigned long long clinux_locked_memory_limit(void) { return soft_limit(RLIMIT_MEMLOCK); }

int clinux_is_read_only(const char *path) {
    struct statvfs status;
    return statvfs(path, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

int clinux_wipe_on_fork(void *address, size_t length) { return madvise(address, length, MADV_WIPEONFORK); }

int clinux_signalfd(const sigset_t *set) { return signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK); }

int clinux_signalfd_read(int fd) {
    struct signalfd_siginfo info;
    ssize_t count = read(fd, &info, sizeof info);
    if (count != (ssize_t)sizeof info) return -1;
    return (int)info.ssi_signo;
}

int clinux_open_step(int directory, const char *name, int is_directory) {
    return openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (is_directory ? O_DIRECTORY : 0));
}

int clinux_open_magic_link(int directory, const char *name) {
    int link = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (link < 0) return -1;
    struct statfs status;
    int is_proc = fstatfs(link, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
    close(link);
    if (!is_proc) {
        errno = ENOLINK;
        return -1;
    }
    return openat(directory, name, O_PATH | O_CLOEXEC | O_DIRECTORY);
}

int clinux_has_acl(int fd) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return getxattr(path, "system.posix_acl_access", NULL, 0) >= 0;
}

// Deeper than the stack use of libcurl, OpenSSL or a JSON codec. The smallest stacks are 512 KiB.
enum { dead_stack = 64 * 1024 };

__attribute__((noinline)) void clinux_clear_dead_stack(void) {
    static const unsigned char zeros[4096];
    unsigned char room[dead_stack];
    // memcpy itself, because it uses different registers for different sizes; volatile, so that the compiler keeps the
    // call.
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;
    for (size_t size = 16; size <= sizeof zeros; size *= 2) copy(room, zeros, size);
    explicit_bzero(room, sizeof room);
    __asm__ volatile("" : : "r"(room) : "memory");
}

void clinux_own_descriptors(int kept) {
    if (unshare(CLONE_FILES) != 0) return;
    if (kept > 0) (void)close_range(0, (unsigned)kept - 1, 0);
    (void)close_range(kept < 0 ? 0 : (unsigned)kept + 1, ~0U, 0);
}

void clinux_name_process(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

int clinux_socket_pair(int ends[2]) { return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends); }

static int copy_all(int from, int to) {
    struct stat status;
    char magic[4];
    if (fstat(from, &status) != 0) return -1;
    // A script does not work: its interpreter would have to read it.
    if (!S_ISREG(status.st_mode) || pread(from, magic, sizeof magic, 0) != sizeof magic ||
        memcmp(magic, "\177ELF", sizeof magic) != 0) {
        errno = ENOEXEC;
        return -1;
    }
    for (off_t left = status.st_size; left > 0;) {
        ssize_t count = sendfile(to, from, NULL, (size_t)left);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return -1;
        left -= count;
    }
    return 0;
}

int clinux_unreadable_program(const char *path) {
    int result = -1;
    int original = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (original < 0) return -1;
    int copy = memfd_create("authagent-keyring", MFD_CLOEXEC | MFD_EXEC);
    // Linux before 6.3 lacks the flag, and allows execution by default.
    if (copy < 0 && errno == EINVAL) copy = memfd_create("authagent-keyring", MFD_CLOEXEC);
    if (copy >= 0) {
        char name[32];
        (void)snprintf(name, sizeof name, "/proc/self/fd/%d", copy);
        // A file open for writing cannot be executed (ETXTBSY), and with this mode it cannot be opened again later.
        if (copy_all(original, copy) == 0 && (result = open(name, O_RDONLY | O_CLOEXEC)) >= 0 &&
            fchmod(copy, 0111) != 0) {
            close(result);
            result = -1;
        }
        close(copy);
    }
    close(original);
    return result;
}

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int clinux_close_from_in_child(void *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

// The soft limit of descriptors before it was raised; 0 if it was not.
static _Atomic rlim_t usual_descriptors;

long clinux_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        rlim_t usual = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0) {
            usual_descriptors = usual;
        } else {
            limit.rlim_cur = usual;
        }
    }
    return limit.rlim_cur > LONG_MAX ? LONG_MAX : (long)limit.rlim_cur;
}

struct start {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const int *descriptors;
    int first;
    enum { same_group, own_group, own_session } group;
    const char *directory;
};

// In the child: sets all up and executes the program. Only system calls, because the memory is the parent's (vfork(2)).
static void execute(const struct start *start) {
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number < NSIG; number++) (void)sigaction(number, &usual, NULL);
    if (start->group == own_session && setsid() < 0) return;
    if (start->group == own_group && setpgid(0, 0) != 0) return;
    // The first may itself be 3, so the order matters; an opened file takes a number that later steps do not use as a
    // source.
    for (int target = 0; target <= 3; target++) {
        int source = start->descriptors[target];
        if (source < 0) continue;
        // dup2(2) does nothing for the same number, and that would be closed by execve(2).
        if (source == target ? fcntl(target, F_SETFD, 0) != 0 : dup2(source, target) < 0) return;
    }
    for (int target = 0; target <= 2; target++) {
        if (start->descriptors[target] >= 0) continue;
        int opened = open("/dev/null", target == STDIN_FILENO ? O_RDONLY : O_WRONLY);
        if (opened < 0 || (opened != target && (dup2(opened, target) < 0 || close(opened) != 0))) return;
    }
    closefrom(start->first);
    if (start->directory != NULL && chdir(start->directory) != 0) return;
    struct rlimit limit;
    if (usual_descriptors != 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        // A program that uses select(2), or closes each possible descriptor, counts on the usual one.
        limit.rlim_cur = usual_descriptors;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    }
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0) return;
    execve(start->path, start->arguments, start->environment);
}

// Starts a program with default signals and the usual limit of descriptors, which posix_spawn(3) cannot set. The
// non-negative `descriptors` become its 0, 1, 2 and 3; 0 to 2 default to /dev/null; those from `first` on are closed.
// Without `directory` it starts in the caller's.
static int spawn(const struct start *start, pid_t *pid) {
    sigset_t all, before;
    volatile int failure = 0;
    sigfillset(&all);
    // A handler must not run in the child, on the parent's memory.
    int result = pthread_sigmask(SIG_BLOCK, &all, &before);
    if (result != 0) return result;
    pid_t child = vfork();
    if (child == 0) {
        execute(start);
        failure = errno;
        _exit(127);
    }
    if (child < 0) failure = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure == 0) {
        *pid = child;
    } else if (child > 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    return failure;
}

int clinux_spawn_daemon(const char *path, char *const arguments[], char *const environment[], int log, int extra) {
    pid_t pid;
    const int descriptors[4] = {-1, log, log, extra};
    return spawn(&(struct start){path, arguments, environment, descriptors, 4, own_session, "/"}, &pid);
}

int clinux_spawn(
    const char *path, char *const arguments[], char *const environment[], int output, int errors, pid_t *pid
) {
    const int descriptors[4] = {-1, output, errors, -1};
    return spawn(&(struct start){path, arguments, environment, descriptors, 3, same_group, "/"}, pid);
}

int clinux_spawn_in_place(
    const char *path, char *const arguments[], char *const environment[], int input, int output, pid_t *pid
) {
    const int descriptors[4] = {input, output, -1, -1};
    return spawn(&(struct start){path, arguments, environment, descriptors, 3, own_group, NULL}, pid);
}

static const char copied_program[] = "/proc/self/fd/3";
// The helper's path, after `copied_program`, in a page that cannot be written to; NULL until it is fixed.
static const char *fixed_copy;
static const char *fixed_path;

int clinux_fix_helper(const char *path, unsigned long addresses[2]) {
    const size_t page = 2 * PATH_MAX, length = strlen(path) + 1;
    if (fixed_path != NULL || length > PATH_MAX) return -1;
    char *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -1;
    memcpy(memory, copied_program, sizeof copied_program);
    memcpy(memory + sizeof copied_program, path, length);
    if (mprotect(memory, page, PROT_READ) != 0) {
        munmap(memory, page);
        return -1;
    }
    fixed_copy = memory;
    fixed_path = memory + sizeof copied_program;
    addresses[0] = (unsigned long)fixed_copy;
    addresses[1] = (unsigned long)fixed_path;
    return 0;
}

int clinux_spawn_helper(
    const char *path, int program, char *const arguments[], char *const environment[], int channel, pid_t *pid
) {
    const int descriptors[4] = {channel, channel, -1, program};
    if (fixed_path != NULL && strcmp(path, fixed_path) == 0) path = fixed_path;
    if (program < 0) return spawn(&(struct start){path, arguments, environment, descriptors, 3, same_group, "/"}, pid);
    path = fixed_copy != NULL ? fixed_copy : copied_program;
    return spawn(&(struct start){path, arguments, environment, descriptors, 4, same_group, "/"}, pid);
}

int clinux_spawn_session(
    const char *path, char *const arguments[], char *const environment[], int input, int output, pid_t *pid
) {
    const int descriptors[4] = {input, output, output, -1};
    return spawn(&(struct start){path, arguments, environment, descriptors, 3, own_session, "/"}, pid);
}

int clinux_memory_file(const void *bytes, size_t count) {
    // With sysctl vm.memfd_noexec = 2 the flag is required; Linux before 6.3 lacks it.
    int file = memfd_create("authagent-input", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    if (file < 0 && errno == EINVAL) file = memfd_create("authagent-input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -1;
    for (size_t done = 0; done < count;) {
        ssize_t written = pwrite(file, (const char *)bytes + done, count - done, (off_t)done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            close(file);
            return -1;
        }
        done += (size_t)written;
    }
    if (fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        close(file);
        return -1;
    }
    return file;
}
