/// A place of its own, as any user can make one (user_namespaces(7)), where a path is another file than here.
public enum OtherPlace {
    /// A command that puts a program of ours at `program`, seen by nobody else, and becomes the command after it.
    public static func command(hiding program: String) async throws -> [String] {
        let directory = String(program[..<(program.lastIndex(of: "/") ?? program.startIndex)])
        let script = #"mount -t tmpfs t "$1" && cp "$2" "$3" && shift 3 && exec "$@""#
        return try await MountNamespace.commandOfAnyUser() + [
            "/bin/sh", "-c", script, "sh", directory, try BuildProducts.path("socket-actor"), program,
        ]
    }
}
