// The client of packaging/dev/bench: the same code for authagentd, oidc-agent and the echo server.
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static _Noreturn void usage(void) {
    fputs("usage: bench-load loop new|kept SECONDS http|json SOCKET <REQUEST\n"
          "       bench-load burst COUNT http|json SOCKET <REQUEST\n"
          "       bench-load hold IDLE silent|asked SLOW SOCKET\n"
          "       bench-load spawn COUNT PROGRAM [ARGUMENT]...\n", stderr);
    exit(2);
}

static void read_request(struct client *client) {
    client->request_size = fread(client->request, 1, sizeof client->request, stdin);
    if (client->request_size == 0) { errno = EINVAL; fail("no request"); }
}

static enum protocol protocol(const char *name) {
    if (strcmp(name, "http") == 0) return http;
    if (strcmp(name, "json") == 0) return json;
    usage();
}

int main(int argc, char **argv) {
    static struct client client;
    struct rlimit descriptors;
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    if (argc == 6 && strcmp(argv[1], "loop") == 0) {
        client.protocol = protocol(argv[4]);
        client.socket_path = argv[5];
        read_request(&client);
        run_loop(&client, strcmp(argv[2], "kept") == 0, strtod(argv[3], NULL));
    } else if (argc == 5 && strcmp(argv[1], "burst") == 0) {
        client.protocol = protocol(argv[3]);
        client.socket_path = argv[4];
        read_request(&client);
        run_burst(&client, strtoul(argv[2], NULL, 10));
    } else if (argc == 6 && strcmp(argv[1], "hold") == 0) {
        bool asks = strcmp(argv[3], "asked") == 0;
        run_hold(argv[5], strtoul(argv[2], NULL, 10), asks, strtoul(argv[4], NULL, 10));
    } else if (argc >= 4 && strcmp(argv[1], "spawn") == 0) {
        run_spawn(strtoul(argv[2], NULL, 10), argv + 3);
    } else {
        usage();
    }
    return 0;
}
