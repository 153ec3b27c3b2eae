/// A host name that does not exist, which the resolver knows without asking a name server: its first label is longer than
/// a query can hold (RFC 1035 §2.3.4). Tests of such names must not depend on the machine's name server.
package let unresolvableHost = String(repeating: "n", count: 64) + ".invalid"
