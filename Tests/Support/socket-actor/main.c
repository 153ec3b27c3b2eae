// Connects to a Unix socket and executes commands from its input, for tests of peer identity:
//
//   ask TARGET       sends a GET request on the connection, and prints the status and the body as one line
//   leave            ends this process; a child keeps the connection
//   become PROGRAM   executes another program, which waits (PROGRAM 600); a child keeps the connection
//   renew            connects again, and prints "connected"
//   stream TARGET    sends a GET request; a child prints the reply until its end, and then "closed"
//
// With 600 instead of the path it waits, as sleep(1) does.
//
// usage: socket-actor PATH
#define _GNU_SOURCE 1

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int ask(int connection, const char *target) {
    char text[64 * 1024];
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
    if (send(connection, text, (size_t)length, MSG_NOSIGNAL) != length) return puts("closed");
    size_t count = 0;
    for (;;) {
        ssize_t got = recv(connection, text + count, sizeof text - 1 - count, 0);
        if (got <= 0) return puts("closed");
        count += (size_t)got;
        text[count] = 0;
        char *body = strstr(text, "\r\n\r\n");
        if (!body) continue;
        char *field = strcasestr(text, "content-length:");
        if (!field) return puts("nonsense");
        size_t size = strtoul(field + strlen("content-length:"), NULL, 10);
        if (count < (size_t)(body + 4 - text) + size) continue;
        return printf("%.3s %s%s", text + strlen("HTTP/1.1 "), body + 4, text[count - 1] == '\n' ? "" : "\n");
    }
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0) return connection;
    perror(path);
    return -1;
}

static int stream(int connection, const char *target) {
    char text[4096];
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
    if (send(connection, text, (size_t)length, MSG_NOSIGNAL) != length) return puts("closed");
    if (fork() != 0) return 0;
    ssize_t got;
    while ((got = recv(connection, text, sizeof text, 0)) > 0) fwrite(text, 1, (size_t)got, stdout);
    puts("closed");
    exit(0);
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    if (strcmp(arguments[1], "600") == 0) return (int)sleep(600);
    int connection = connect_to(arguments[1]);
    if (connection < 0) return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    // A child's copy of the buffer must not contain input that this process has read ahead.
    setvbuf(stdin, NULL, _IONBF, 0);
    puts("connected");
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "ask ", 4) == 0) {
            ask(connection, line + 4);
        } else if (strcmp(line, "renew") == 0) {
            close(connection);
            connection = connect_to(arguments[1]);
            puts(connection < 0 ? "failed" : "connected");
        } else if (strncmp(line, "stream ", 7) == 0) {
            stream(connection, line + 7);
        } else if (strcmp(line, "leave") == 0) {
            if (fork() != 0) _exit(0);
        } else if (strncmp(line, "become ", 7) == 0) {
            if (fork() != 0) {
                execl(line + 7, line + 7, "600", (char *)NULL);
                _exit(1);
            }
        }
    }
    return 0;
}
