// libsecret and the little of GIO that the helper needs, as Swift can call them: nothing variadic, no macros.
#ifndef CSECRET_SHIM_H
#define CSECRET_SHIM_H

#include <libsecret/secret.h>

/// A call on the session bus that never starts a service. NULL with `error` set when it fails.
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

/// The boolean of a reply `(b)`.
static inline int csecret_boolean(GVariant *reply) {
    gboolean value = FALSE;
    if (g_variant_is_of_type(reply, G_VARIANT_TYPE("(b)"))) g_variant_get(reply, "(b)", &value);
    return value;
}

/// The object path of a reply `(o)`, to be freed; NULL when it is something else.
static inline char *csecret_path(GVariant *reply) {
    char *path = NULL;
    if (g_variant_is_of_type(reply, G_VARIANT_TYPE("(o)"))) g_variant_get(reply, "(o)", &path);
    return path;
}

/// The boolean property in a reply `(v)`; -1 when it is something else.
static inline int csecret_property(GVariant *reply) {
    int result = -1;
    GVariant *value = NULL;
    if (!g_variant_is_of_type(reply, G_VARIANT_TYPE("(v)"))) return -1;
    g_variant_get(reply, "(v)", &value);
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN)) result = g_variant_get_boolean(value);
    g_variant_unref(value);
    return result;
}

static inline SecretItem *csecret_item(GList *element) { return SECRET_ITEM(element->data); }

/// The item's object path, owned by the item; NULL when it has none.
static inline const char *_Nullable csecret_item_path(SecretItem *item) {
    return g_dbus_proxy_get_object_path(G_DBUS_PROXY(item));
}

/// What a person sees in a keyring manager, and what records are found by.
static inline const SecretSchema *csecret_schema(void) {
    static const SecretSchema schema = {
        "org.authagent.Credential",
        SECRET_SCHEMA_NONE,
        {
            {"application", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"account", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"issuer", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"purpose", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {NULL, 0},
        },
    };
    return &schema;
}

/// Never NULL: GLib ends the process when there is no memory.
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

/// Whether the call failed because nobody owns the name any more.
static inline int csecret_is_absent_error(const GError *error) {
    return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
           g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
}

#endif
