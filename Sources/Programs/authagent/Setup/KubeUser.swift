internal import ConfigurationText

/// A user of a kubeconfig who gets tokens from the helper.
struct KubeUser {
    /// Of the names of our users.
    static let prefix = "authagent-"

    let name: String
    let command: String
    let arguments: [String]
    /// Whether kubectl knows version 1 of the protocol (1.22 and later), which requires the interactive mode.
    let isNew: Bool

    var version: String { "client.authentication.k8s.io/\(isNew ? "v1" : "v1beta1")" }

    /// An item of the list `users`.
    var lines: [String] {
        [
            "- name: \(name)", "  user:", "    exec:", "      apiVersion: \(version)", "      command: \(command)",
            "      args:",
        ]
            // An account's name may be a number or 'true' to YAML.
            + arguments.map { "      - \"\($0)\"" } + (isNew ? ["      interactiveMode: Never"] : [])
    }

    /// Returns the text with this user between markers, for a machine whose kubectl cannot write it.
    ///
    /// Only the form that kubectl writes is changed: one document, with the list in lines of its own.
    func added(to text: [UInt8]?, block: String) throws(ConfigurationProblem) -> [UInt8] {
        let rest = try MarkedBlock.removed(from: text ?? []) { $0 == block } ?? []
        if rest.allSatisfy({ $0 == UInt8(ascii: "\n") }) {
            return try MarkedBlock(block, ["apiVersion: v1", "kind: Config", "users:"] + lines).written(to: text)
        }
        let string = String(decoding: rest, as: UTF8.self)
        // With carriage returns the places would not be those of lines.
        guard Array(string.utf8) == rest, !rest.contains(UInt8(ascii: "\r")) else { throw .malformed(line: 1) }
        let names = ["\(name)", "\"\(name)\"", "'\(name)'"].map { "name: \($0)\n" }
        guard !names.contains(where: (string + "\n").contains) else { throw .taken(setting: "users.\(name)") }
        var (offset, number) = (0, 0)
        var place: (offset: Int, line: Int)?
        var item: Substring?
        for line in string.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            offset += line.utf8.count + 1
            let content = line.drop { $0 == " " }
            guard !content.isEmpty, !content.hasPrefix("#") else { continue }
            if let place, item == nil {
                guard content.hasPrefix("-") else { throw .malformed(line: place.line) }
                item = line[..<content.startIndex]
            }
            if line.hasPrefix("{") || line.hasPrefix("\t") || (line.hasPrefix("---") && number > 1) {
                throw .malformed(line: number)
            }
            guard line.hasPrefix("users:") else { continue }
            guard place == nil, line.dropFirst("users:".count).allSatisfy({ $0 == " " }) else {
                throw .malformed(line: number)
            }
            place = (min(offset, rest.count), number)
        }
        guard let place else { return try MarkedBlock(block, ["users:"] + lines).written(to: text) }
        guard let item else { throw .malformed(line: place.line) }
        return try MarkedBlock(block, lines.map { item + $0 }).written(to: text, at: .offset(place.offset))
    }
}
