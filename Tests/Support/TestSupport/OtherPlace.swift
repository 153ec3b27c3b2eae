/// A namespace, available to any user (user_namespaces(7)), in which a path names another file.
public enum OtherPlace {
    /// A command that mounts our program at `program`, invisible to others, and executes the command after it.
    public static func command(hiding program: String) async throws -> [String] {
        let directory = String(program[..<(program.lastIndex(of: "/") ?? program.startIndex)])
        let script = #"mount -t tmpfs t "$1" && cp "$2" "$3" && shift 3 && exec "$@""#
        return try await MountNamespace.commandOfAnyUser() + [
            "/bin/sh", "-c", script, "sh", directory, try BuildProducts.path("socket-actor"), program,
        ]
    }
}
