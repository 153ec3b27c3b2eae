#define _GNU_SOURCE 1

#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

int clinux_packet_pair(int ends[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); }

// Leaves the child's end as descriptor 3, and no other. Returns -1 if that fails.
static int keep_only(int channel) {
    enum { kept = 3 };
    if (channel != kept && dup3(channel, kept, O_CLOEXEC) != kept) return -1;
    for (int target = 0; target < kept; target++) {
        int opened = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (opened < 0 || (opened != target && dup2(opened, target) != target)) return -1;
        if (opened > kept) close(opened);
    }
    closefrom(kept + 1);
    return kept;
}

pid_t clinux_fork_apart(const char *name, int *channel) {
    int ends[2];
    if (clinux_packet_pair(ends) != 0) return -1;
    pid_t child = fork();
    if (child < 0) {
        int code = errno;
        close(ends[0]);
        close(ends[1]);
        errno = code;
        return -1;
    }
    if (child > 0) {
        close(ends[1]);
        *channel = ends[0];
        return child;
    }
    const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t index = 0; index < sizeof ignored / sizeof *ignored; index++) (void)signal(ignored[index], SIG_IGN);
    // A parent that cannot protect itself does not start; the child must not be the weaker one.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) _exit(1);
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
    (void)setsid();
    *channel = keep_only(ends[1]);
    if (*channel < 0) _exit(1);
    return 0;
}

int clinux_send_packet(int fd, const void *bytes, size_t count, int file, int waits) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (file >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = sizeof control.room;
        control.header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &file, sizeof file);
    }
    ssize_t sent;
    do {
        sent = sendmsg(fd, &message, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

ssize_t clinux_receive_packet(int fd, void *bytes, size_t capacity, int *file) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.room};
    ssize_t count;
    *file = -1;
    do {
        count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
            header->cmsg_len == CMSG_LEN(sizeof(int)))
            memcpy(file, CMSG_DATA(header), sizeof *file);
    }
    // There is room for one file: the kernel closes the others, and says so.
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        if (*file >= 0) close(*file);
        *file = -1;
        errno = EMSGSIZE;
        return -1;
    }
    return count;
}

int clinux_is_sealed(int fd) {
    const int needed = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & needed) == needed;
}

void clinux_forget_environment(const char *const names[], size_t count) {
    char **kept = environ;
    for (char **entry = environ; *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        int is_kept = 0;
        for (size_t index = 0; equals != NULL && index < count && !is_kept; index++) {
            size_t length = (size_t)(equals - *entry);
            is_kept = strlen(names[index]) == length && memcmp(*entry, names[index], length) == 0;
        }
        if (is_kept) {
            *kept++ = *entry;
        } else {
            // The strings are this process's own: those of execve(2), or of setenv(3).
            explicit_bzero(*entry, strlen(*entry));
        }
    }
    *kept = NULL;
}
