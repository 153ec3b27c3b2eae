#define _GNU_SOURCE 1

#include "forbidden_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int code_of(long result) { return result < 0 ? errno : 0; }

static char *const shell[] = {"sh", "-c", ":", NULL};

// What the child's execve(2) fails with; 0 if the program runs. Through a pipe that it closes, because not every sandbox
// lets a process wait for a child.
static int in_child(void (*execute)(const char *), const char *path) {
    int ends[2], code = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    (void)signal(SIGCHLD, SIG_IGN);
    pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) {
        execute(path);
        code = errno;
        (void)!write(ends[1], &code, sizeof code);
        _exit(1);
    }
    close(ends[1]);
    if (read(ends[0], &code, sizeof code) < 0) code = -1;
    close(ends[0]);
    (void)signal(SIGCHLD, SIG_DFL);
    return code;
}

static void by_path(const char *path) { execve(path, shell, environ); }

int forbidden_execute(const char *path) { return in_child(by_path, path); }

static int execve_shell(void) { return forbidden_execute("/bin/sh"); }

static void by_descriptor(const char *path) {
    int file = open(path, O_RDONLY);
    syscall(SYS_execveat, file, "", shell, environ, AT_EMPTY_PATH);
}

static int execveat_shell(void) { return in_child(by_descriptor, "/bin/sh"); }

static int copy_in_memory(const char *path) {
    int from = open(path, O_RDONLY), to = memfd_create("copy", 0);
    struct stat status;
    if (from < 0 || to < 0 || fstat(from, &status) != 0) return -1;
    for (off_t left = status.st_size; left > 0;) {
        ssize_t count = sendfile(to, from, NULL, (size_t)left);
        if (count <= 0) return -1;
        left -= count;
    }
    return to;
}

static void from_memory(const char *path) {
    syscall(SYS_execveat, copy_in_memory(path), "", shell, environ, AT_EMPTY_PATH);
}

static void from_memory_by_path(const char *path) {
    char copy[48];
    snprintf(copy, sizeof copy, "/proc/self/fd/%d", copy_in_memory(path));
    execve(copy, shell, environ);
}

static int memory_shell(void) { return in_child(from_memory, "/bin/sh"); }
static int memory_path_shell(void) { return in_child(from_memory_by_path, "/bin/sh"); }

static void by_loader(const char *path) {
    char *const arguments[] = {"ld.so", (char *)path, "-c", ":", NULL};
    execve("/lib64/ld-linux-x86-64.so.2", arguments, environ);
    execve("/lib/ld-linux-aarch64.so.1", arguments, environ);
}

static int loader_shell(void) { return in_child(by_loader, "/bin/sh"); }

static int spawn_shell(void) {
    pid_t child;
    int code = posix_spawn(&child, "/bin/sh", NULL, NULL, shell, environ);
    return code;
}

static int trace(void) { return code_of(ptrace(PTRACE_TRACEME, 0, 0, 0)); }

static int read_memory(void) {
    char byte = 0, copy;
    struct iovec here = {&copy, 1}, there = {&byte, 1};
    return code_of(process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}

static int compare(void) { return code_of(syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0)); }

static int take_descriptor(void) {
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    return code_of(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

static int mount_nothing(void) { return code_of(mount("none", "/nowhere", "tmpfs", 0, NULL)); }
static int unmount_nothing(void) { return code_of(umount2("/nowhere", 0)); }
static int new_namespace(void) { return code_of(unshare(CLONE_NEWUSER)); }
static int new_mounts(void) { return code_of(unshare(CLONE_NEWNS | CLONE_FILES)); }

static int clone_namespace(void) {
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0L);
    if (child == 0) _exit(0);
    if (child > 0) waitpid((pid_t)child, NULL, 0);
    return code_of(child);
}

static int clone3_nothing(void) { return code_of(syscall(435, NULL, 0)); }
static int enter_namespace(void) { return code_of(setns(open("/proc/self/ns/net", O_RDONLY), 0)); }
static int load_bpf(void) { return code_of(syscall(SYS_bpf, 0, NULL, 0)); }
static int count_events(void) { return code_of(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)); }
static int key_control(void) { return code_of(syscall(SYS_keyctl, 0, -3, 0, 0, 0)); }
static int add_a_key(void) { return code_of(syscall(SYS_add_key, "user", "name", "x", 1, -3)); }
static int handle_faults(void) { return code_of(syscall(SYS_userfaultfd, 1)); }
static int use_ring(void) { return code_of(syscall(SYS_io_uring_setup, 1, NULL)); }
static int load_module(void) { return code_of(syscall(SYS_init_module, NULL, 0, "")); }
static int restart_machine(void) { return code_of(syscall(SYS_reboot, 0, 0, 0, NULL)); }
static int swap_on(void) { return code_of(syscall(SYS_swapon, "/nowhere", 0)); }
static int set_time(void) { return code_of(syscall(SYS_clock_settime, 0, NULL)); }
static int change_root(void) { return code_of(chroot("/")); }
static int become_self(void) { return code_of(syscall(SYS_setuid, getuid())); }

static int set_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {0};
    return code_of(syscall(SYS_capset, &header, data));
}

static int make_device(void) { return code_of(mknod("/nowhere/device", S_IFCHR | 0600, 0x103)); }
static int other_person(void) { return code_of(personality(READ_IMPLIES_EXEC)); }
static int share_memory(void) { return code_of(shmget(IPC_PRIVATE, 4096, 0600)); }
static int open_by_handle(void) { return code_of(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0)); }
static int become_dumpable(void) { return code_of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static int unknown_call(void) { return code_of(syscall(500)); }

static int writable_code(void) {
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? errno : 0;
}

static int written_code(void) {
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? -1 : code_of(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

static int internet_pair(void) {
    int ends[2];
    return code_of(socketpair(AF_INET, SOCK_STREAM, 0, ends));
}

int forbidden_socket(int family) {
    int result = socket(family, family == AF_PACKET ? SOCK_RAW : SOCK_STREAM, 0);
    if (result < 0 && errno == ESOCKTNOSUPPORT) result = socket(family, SOCK_RAW, 0);
    if (result < 0) return errno;
    close(result);
    return 0;
}

static int truncate_nothing(void) { return forbidden_truncate("/nowhere"); }
static int empty_nothing(void) { return forbidden_empty("/nowhere"); }
static int open_by_structure(void) { return code_of(syscall(437, AT_FDCWD, "/nowhere", NULL, 0)); }
static int packet_socket(void) { return forbidden_socket(AF_PACKET); }
static int vsock_socket(void) { return forbidden_socket(AF_VSOCK); }
static int crypto_socket(void) { return forbidden_socket(AF_ALG); }

int forbidden_write(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return errno;
    close(file);
    return 0;
}

int forbidden_truncate(const char *path) { return code_of(truncate(path, 0)); }

int forbidden_empty(const char *path) {
    int file = open(path, O_RDONLY | O_TRUNC | O_CLOEXEC);
    if (file < 0) return errno;
    close(file);
    return 0;
}

int forbidden_rename(const char *from, const char *to) { return code_of(rename(from, to)); }

static const struct {
    const char *name;
    int (*attempt)(void);
} calls[] = {
    {"execve", execve_shell},
    {"execveat", execveat_shell},
    {"execveat-memfd", memory_shell},
    {"execve-memfd", memory_path_shell},
    {"execve-loader", loader_shell},
    {"posix_spawn", spawn_shell},
    {"ptrace", trace},
    {"process_vm_readv", read_memory},
    {"kcmp", compare},
    {"pidfd_getfd", take_descriptor},
    {"mount", mount_nothing},
    {"umount", unmount_nothing},
    {"unshare-user", new_namespace},
    {"unshare-mount", new_mounts},
    {"clone-user", clone_namespace},
    {"clone3", clone3_nothing},
    {"setns", enter_namespace},
    {"bpf", load_bpf},
    {"perf_event_open", count_events},
    {"keyctl", key_control},
    {"add_key", add_a_key},
    {"userfaultfd", handle_faults},
    {"io_uring", use_ring},
    {"init_module", load_module},
    {"reboot", restart_machine},
    {"swapon", swap_on},
    {"clock_settime", set_time},
    {"chroot", change_root},
    {"setuid", become_self},
    {"capset", set_capabilities},
    {"mknod", make_device},
    {"personality", other_person},
    {"shmget", share_memory},
    {"open_by_handle_at", open_by_handle},
    {"dumpable", become_dumpable},
    {"mmap-writable-code", writable_code},
    {"mprotect-code", written_code},
    {"socketpair-internet", internet_pair},
    {"socket-packet", packet_socket},
    {"socket-vsock", vsock_socket},
    {"socket-crypto", crypto_socket},
    {"truncate", truncate_nothing},
    {"open-empty", empty_nothing},
    {"openat2", open_by_structure},
    {"unknown", unknown_call},
};

int forbidden_call_count(void) { return sizeof calls / sizeof *calls; }

const char *forbidden_call_name(int index) { return calls[index].name; }

int forbidden_call_attempt(int index) { return calls[index].attempt(); }
