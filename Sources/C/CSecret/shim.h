// libsecret and the parts of GIO that the helper needs, for Swift: without variadics and macros.
#ifndef CSECRET_SHIM_H
#define CSECRET_SHIM_H

#include <gio/gio.h>
#include <libsecret/secret.h>
#include <string.h>

/// Calls a method on the session bus without starting a service. NULL with `error` set on failure.
static inline GVariant *csecret_call(
    GDBusConnection *bus, const char *name, const char *path, const char *interface, const char *method,
    GVariant *parameters, GError **error
) {
    return g_dbus_connection_call_sync(
        bus, name, path, interface, method, parameters, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, error
    );
}

static inline GVariant *csecret_text(const char *text) { return g_variant_new("(s)", text); }

static inline GVariant *csecret_texts(const char *first, const char *second) {
    return g_variant_new("(ss)", first, second);
}

/// Returns a list of object paths for `Unlock`.
static inline GVariant *csecret_path_list(const char *const *paths, int count) {
    return g_variant_new("(@ao)", g_variant_new_objv(paths, count));
}

/// Returns the arguments of `OpenSession` for libsecret's first choice of algorithm; the number has no meaning.
static inline GVariant *csecret_session(void) {
    const guint8 number[128] = {2};
    return g_variant_new(
        "(sv)", "dh-ietf1024-sha256-aes128-cbc-pkcs7", g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, number, 128, 1)
    );
}

/// Returns the text of a reply `(s)`, to be freed; NULL for any other reply.
static inline char *_Nullable csecret_string(GVariant *reply) {
    char *text = NULL;
    if (g_variant_is_of_type(reply, G_VARIANT_TYPE("(s)"))) g_variant_get(reply, "(s)", &text);
    return text;
}

/// Returns the number of a reply `(u)`; 0 for any other reply.
static inline guint32 csecret_number(GVariant *reply) {
    guint32 number = 0;
    if (g_variant_is_of_type(reply, G_VARIANT_TYPE("(u)"))) g_variant_get(reply, "(u)", &number);
    return number;
}

/// Whether a reply `(as)` contains `text`.
static inline int csecret_contains(GVariant *reply, const char *text) {
    if (!g_variant_is_of_type(reply, G_VARIANT_TYPE("(as)"))) return 0;
    GVariantIter *texts = NULL;
    const char *each = NULL;
    int found = 0;
    g_variant_get(reply, "(as)", &texts);
    while (g_variant_iter_next(texts, "&s", &each)) found |= strcmp(each, text) == 0;
    g_variant_iter_free(texts);
    return found;
}

/// Returns the prompt in a reply of `Unlock`, `(aoo)`, to be freed; NULL if there is none.
static inline char *_Nullable csecret_unlock_prompt(GVariant *reply) {
    if (!g_variant_is_of_type(reply, G_VARIANT_TYPE("(aoo)"))) return NULL;
    char *prompt = NULL;
    g_variant_get_child(reply, 1, "o", &prompt);
    if (strcmp(prompt, "/") != 0) return prompt;
    g_free(prompt);
    return NULL;
}

/// Returns the object path of a reply `(o)`, to be freed; NULL for any other reply.
static inline char *_Nullable csecret_path(GVariant *reply) {
    char *path = NULL;
    if (g_variant_is_of_type(reply, G_VARIANT_TYPE("(o)"))) g_variant_get(reply, "(o)", &path);
    return path;
}

/// Returns the boolean property of a reply `(v)`; -1 for any other reply.
static inline int csecret_property(GVariant *reply) {
    int result = -1;
    GVariant *value = NULL;
    if (!g_variant_is_of_type(reply, G_VARIANT_TYPE("(v)"))) return -1;
    g_variant_get(reply, "(v)", &value);
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN)) result = g_variant_get_boolean(value);
    g_variant_unref(value);
    return result;
}

struct csecret_prompt {
    GMainLoop *loop;
    int is_completed;
};

static inline void csecret_prompt_completed(
    GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *signal,
    GVariant *parameters, gpointer prompt
) {
    (void)bus, (void)sender, (void)path, (void)interface, (void)signal, (void)parameters;
    ((struct csecret_prompt *)prompt)->is_completed = 1;
    g_main_loop_quit(((struct csecret_prompt *)prompt)->loop);
}

static inline gboolean csecret_prompt_timed_out(gpointer prompt) {
    g_main_loop_quit(((struct csecret_prompt *)prompt)->loop);
    return G_SOURCE_REMOVE;
}

/// Shows a keyring prompt and waits for its end, up to so many milliseconds; returns 0 if it has not ended by then.
/// libsecret has no such limit.
static inline int csecret_prompt(GDBusConnection *bus, const char *owner, const char *path, guint milliseconds) {
    GMainContext *context = g_main_context_new();
    g_main_context_push_thread_default(context);
    struct csecret_prompt prompt = {g_main_loop_new(context, FALSE), 0};
    const guint subscription = g_dbus_connection_signal_subscribe(
        bus, owner, "org.freedesktop.Secret.Prompt", "Completed", path, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
        csecret_prompt_completed, &prompt, NULL
    );
    GVariant *reply =
        csecret_call(bus, owner, path, "org.freedesktop.Secret.Prompt", "Prompt", csecret_text(""), NULL);
    if (reply != NULL) {
        g_variant_unref(reply);
        GSource *timer = g_timeout_source_new(milliseconds);
        g_source_set_callback(timer, csecret_prompt_timed_out, &prompt, NULL);
        g_source_attach(timer, context);
        g_main_loop_run(prompt.loop);
        g_source_destroy(timer);
        g_source_unref(timer);
    }
    g_dbus_connection_signal_unsubscribe(bus, subscription);
    g_main_loop_unref(prompt.loop);
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
    return prompt.is_completed;
}

/// Returns the descriptor of the connection's socket; -1 if it has none.
static inline int csecret_descriptor(GDBusConnection *bus) {
    GIOStream *stream = g_dbus_connection_get_stream(bus);
    if (!G_IS_SOCKET_CONNECTION(stream)) return -1;
    return g_socket_get_fd(g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream)));
}

/// Returns the name of a D-Bus error, to be freed; NULL for any other error.
static inline char *_Nullable csecret_dbus_error(const GError *error) {
    if (g_dbus_error_is_remote_error(error)) return g_dbus_error_get_remote_error(error);
    // libsecret strips the name from the message; for these domains the code identifies the error.
    if (error->domain != G_DBUS_ERROR && error->domain != SECRET_ERROR) return NULL;
    char *name = g_dbus_error_encode_gerror(error);
    if (!g_str_has_prefix(name, "org.gtk.GDBus.UnmappedGError")) return name;
    g_free(name);
    return NULL;
}

/// Opens a connection to the keyring with its own session for secrets, not shared within the process.
static inline SecretService *_Nullable csecret_open(GError **error) {
    return secret_service_open_sync(SECRET_TYPE_SERVICE, NULL, SECRET_SERVICE_OPEN_SESSION, NULL, error);
}

static inline SecretItem *csecret_item(GList *element) { return SECRET_ITEM(element->data); }

/// Returns the item at an object path with its own proxy; NULL if there is none.
static inline SecretItem *_Nullable csecret_item_at(SecretService *service, const char *path) {
    return (SecretItem *)g_initable_new(
        SECRET_TYPE_ITEM, NULL, NULL, "service", service, "g-flags", G_DBUS_PROXY_FLAGS_NONE, "g-interface-name",
        "org.freedesktop.Secret.Item", "g-object-path", path, "g-connection",
        g_dbus_proxy_get_connection(G_DBUS_PROXY(service)), "g-name", g_dbus_proxy_get_name(G_DBUS_PROXY(service)), NULL
    );
}

/// Returns the item's object path, owned by the item; NULL if it has none.
static inline const char *_Nullable csecret_item_path(SecretItem *item) {
    return g_dbus_proxy_get_object_path(G_DBUS_PROXY(item));
}

/// The schema by which records are found and written.
static inline const SecretSchema *csecret_schema(void) {
    static const SecretSchema schema = {
        "org.authagent.Credential",
        SECRET_SCHEMA_NONE,
        {
            {"application", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"account", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"encoding", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"issuer", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"purpose", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {NULL, 0},
        },
    };
    return &schema;
}

/// Never NULL: GLib aborts when memory is exhausted.
static inline GHashTable *_Nonnull csecret_attributes(void) {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static inline void csecret_set(GHashTable *attributes, const char *name, const char *value) {
    g_hash_table_replace(attributes, g_strdup(name), g_strdup(value));
}

static inline const char *csecret_get(GHashTable *attributes, const char *name) {
    return (const char *)g_hash_table_lookup(attributes, name);
}

static inline void csecret_release(void *object) {
    if (object != NULL) g_object_unref(object);
}

static inline void csecret_release_items(GList *items) { g_list_free_full(items, g_object_unref); }

static inline int csecret_is_locked_error(const GError *error) {
    return g_error_matches(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED);
}

/// Whether the call failed because the name no longer has an owner.
static inline int csecret_is_absent_error(const GError *error) {
    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
}

#endif
