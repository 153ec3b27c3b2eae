import Foundation
import Testing

/// Calls to a Secret Service on a private bus with `gdbus`; each call is a client of its own.
struct SecretServiceCalls: Sendable {
    static let service = "org.freedesktop.secrets"
    static let path = "/org/freedesktop/secrets"
    static let alias = path + "/aliases/default"

    /// The variables that lead to the bus.
    let environment: [String: String]

    /// Returns gdbus' output; empty if the call fails.
    func call(
        _ path: String, _ method: String, _ arguments: String..., to service: String = service
    ) async throws -> String {
        let gdbus = try MissingProgram.require("gdbus", package: "libglib2.0-bin")
        return try await ChildProcess.run(
            gdbus,
            ["call", "--session", "--dest", service, "--object-path", path, "--method", method, "--"] + arguments,
            environment: environment
        ).output
    }

    /// The process that owns the name; `nil` if there is none, or the bus does not reply.
    func owner() async throws -> Int32? {
        let reply = try await call(
            "/org/freedesktop/DBus", "org.freedesktop.DBus.GetConnectionUnixProcessID", Self.service,
            to: "org.freedesktop.DBus"
        )
        // (uint32 4711,)
        return reply.split { !$0.isNumber }.last.flatMap { Int32($0) }
    }

    /// The object path of the default collection; `nil` if there is none, "" if the service does not reply.
    func defaultCollection() async throws -> String? {
        let reply = try await call(Self.path, "org.freedesktop.Secret.Service.ReadAlias", "default")
        // (objectpath '/',)
        let path = reply.split(separator: "'").dropFirst().first.map(String.init) ?? ""
        return path == "/" ? nil : path
    }

    /// Whether the default collection is locked; `nil` if there is none, or the service does not reply.
    func isLocked() async throws -> Bool? {
        guard let collection = try await defaultCollection(), !collection.isEmpty else { return nil }
        let reply = try await property("Locked", of: "Collection", at: collection)
        return reply.contains("true") ? true : reply.contains("false") ? false : nil
    }

    /// Locks or unlocks the default collection, and shows the prompt if one is needed; `isLocked` shows the result.
    func change(_ method: String) async throws {
        let reply = try await call(
            Self.path, "org.freedesktop.Secret.Service." + method, "[objectpath '\(Self.alias)']")
        guard let prompt = reply.split(separator: "'").first(where: { $0.hasPrefix(Self.path + "/prompt/") }) else {
            return
        }
        _ = try await call(String(prompt), "org.freedesktop.Secret.Prompt.Prompt", "")
    }

    /// The labels of the default collection's items, sorted. They are readable for locked items too.
    func labels() async throws -> [String] {
        var labels: [String] = []
        try await eventually("the items have no labels") {
            guard let read = try await readLabels() else { return false }
            labels = read
            return true
        }
        return labels
    }

    /// `nil` if an item was deleted before its label was read.
    private func readLabels() async throws -> [String]? {
        guard let collection = try await defaultCollection(), !collection.isEmpty else { return [] }
        let items = try await property("Items", of: "Collection", at: collection)
        var labels: [String] = []
        for item in items.split(separator: "'") where item.hasPrefix(Self.path + "/") {
            // (<'authagent: work (http://127.0.0.1:1)'>,)
            let label = try await property("Label", of: "Item", at: String(item))
            guard !label.isEmpty else { return nil }
            labels.append(label.trimmingCharacters(in: .whitespacesAndNewlines).trimming(prefix: "(<'", suffix: "'>,)"))
        }
        return labels.sorted()
    }

    private func property(_ name: String, of interface: String, at path: String) async throws -> String {
        try await call(
            path, "org.freedesktop.DBus.Properties.Get", "org.freedesktop.Secret." + interface, name)
    }
}

extension String {
    fileprivate func trimming(prefix: String, suffix: String) -> String {
        guard hasPrefix(prefix), hasSuffix(suffix), count >= prefix.count + suffix.count else { return self }
        return String(dropFirst(prefix.count).dropLast(suffix.count))
    }
}
