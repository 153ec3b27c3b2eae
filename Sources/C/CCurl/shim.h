// libcurl for Swift: its variadic functions as typed ones.
#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_constant(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

/// The bytes are not copied: they must outlive the handle.
static inline CURLcode ccurl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_NOCOPY};
    return curl_easy_setopt(easy, option, &blob);
}

typedef size_t (*ccurl_sink)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode ccurl_set_sink(CURL *easy, CURLoption option, ccurl_sink value) {
    return curl_easy_setopt(easy, option, value);
}

/// Sets the function called before each request is sent; anything but CURL_PREREQFUNC_OK ends the transfer.
static inline CURLcode ccurl_set_before_request(CURL *easy, curl_prereq_callback value) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, value);
}

/// Sets the function called when a name lookup starts; anything but 0 ends the transfer.
static inline CURLcode ccurl_set_before_lookup(CURL *easy, curl_resolver_start_callback value, void *context) {
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, context);
    return curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, value);
}

static inline CURLcode ccurl_get_size(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}

/// The last error of socket(2), which libcurl does not report, and the port of the last connection attempt.
struct ccurl_opened {
    int error;
    int port;
};

static inline curl_socket_t ccurl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    struct ccurl_opened *opened = context;
    int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (descriptor < 0) opened->error = errno;
    // The port is at the same offset in both families.
    if (address->family == AF_INET || address->family == AF_INET6)
        opened->port = ntohs(((struct sockaddr_in *)&address->addr)->sin_port);
    return descriptor;
}

/// Creates every socket as close-on-exec, which libcurl does not.
static inline CURLcode ccurl_set_close_on_exec(CURL *easy, struct ccurl_opened *opened) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, opened);
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, ccurl_open_socket);
}

static inline CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

/// Returns the finished transfer and its result; NULL for any other message.
static inline CURL *ccurl_message(CURLMsg *message, CURLcode *result) {
    if (message->msg != CURLMSG_DONE) return NULL;
    *result = message->data.result;
    return message->easy_handle;
}

#endif
