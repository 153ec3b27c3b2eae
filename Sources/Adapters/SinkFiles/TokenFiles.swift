public import Agent
public import AgentAPI
public import Configuration
internal import Glibc
public import System

/// The files of sinks: replaced as a whole, never truncated, never through a link.
public final class TokenFiles: SinkFiles {
    private let records: SinkRecords
    /// The directories of the agent's own files, without links.
    private let agentsOwn: [String]
    /// The agent's own directory for sinks, which it creates.
    private let ownPlace: String

    public init(_ paths: UserPaths) {
        records = SinkRecords(paths.sinkRecords)
        agentsOwn = [paths.state, paths.configuration, paths.systemConfiguration].map(TrustedFile.resolved)
        ownPlace = paths.sinks
    }

    public func check(_ sink: SinkSettings) throws(Fault) {
        let directory = try open(sink.path)
        _ = try directory.mark(of: directory.name)
        if let group = sink.group {
            // The kernel decides who may give a file to a group.
            let empty = try directory.prepare([], for: directory.name, mode: sink.mode, group: (group.name, group.id))
            empty.file.remove()
        }
    }

    public func hasForeignFile(at path: String) -> Bool {
        guard let directory = try? open(path), let mark = try? directory.mark(of: directory.name) else {
            return false
        }
        return records[path]?.mark != mark
    }

    public func write(_ content: SinkContent, to sink: SinkSettings, expiresAt: Int?) throws(Fault) -> Bool {
        let directory = try open(sink.path)
        let name = directory.name
        let group = sink.group.map { ($0.name, $0.id) }
        let mark = try directory.mark(of: name)
        let same = directory.holds(content.bytes, name, mode: sink.mode, group: group?.1)
        if !same.content || !same.rights {
            let new = try directory.prepare(content.bytes, for: name, mode: sink.mode, group: group)
            // Before the file is in place: what is not recorded would outlive a killed agent.
            records.set(.init(mark: new.mark, expiresAt: expiresAt), for: sink.path)
            try directory.put(new.file, inPlaceOf: name)
        } else if let mark {
            records.set(.init(mark: mark, expiresAt: expiresAt), for: sink.path)
        }
        if let meta = content.meta {
            try write(meta, asMetaOf: sink, directory)
        } else if records[sink.metaPath] != nil {
            try remove(one: sink.metaPath)
        }
        return !same.content
    }

    /// The second file has nothing secret, and the same readers.
    private func write(_ meta: [UInt8], asMetaOf sink: SinkSettings, _ directory: SinkDirectory) throws(Fault) {
        let name = directory.name + SinkSettings.metaSuffix
        let group = sink.group.map { ($0.name, $0.id) }
        _ = try directory.mark(of: name)
        let same = directory.holds(meta, name, mode: sink.mode, group: group?.1)
        guard !same.content || !same.rights else { return }
        let new = try directory.prepare(meta, for: name, mode: sink.mode, group: group)
        records.set(.init(mark: new.mark, expiresAt: nil), for: sink.metaPath)
        try directory.put(new.file, inPlaceOf: name)
    }

    public func remove(_ path: String) throws(Fault) {
        try remove(one: path)
        try remove(one: path + SinkSettings.metaSuffix)
    }

    private func remove(one path: String) throws(Fault) {
        guard let record = records[path] else { return }
        // With its directory, the file is gone.
        if FileIdentity(of: path) != nil {
            let directory = try open(path)
            // Another program's file is not the agent's to remove. One of this run is, also if its time was changed: it
            // may hold the token.
            let mark = try? directory.mark(of: directory.name)
            if mark == record.mark || record.isNew && mark?.number == record.mark.number {
                try directory.remove(directory.name)
            }
        }
        records.set(nil, for: path)
    }

    public func recorded() -> [String: Int?] {
        let all = records.all
        return all.filter { path, _ in
            // A second file goes with the first.
            !path.hasSuffix(SinkSettings.metaSuffix) || all[String(path.dropLast(SinkSettings.metaSuffix.count))] == nil
        }.mapValues(\.expiresAt)
    }

    private func open(_ path: String) throws(Fault) -> SinkDirectory {
        let isOwnPlace = PrivateDirectory.parent(of: path) == ownPlace
        let directory = try SinkDirectory(of: path, creating: isOwnPlace)
        if let own = agentsOwn.first(where: { directory.path == $0 || directory.path.hasPrefix($0 + "/") }) {
            throw Fault(
                "cannot create \(path): it would be among the agent's own files in \(own)",
                hint: "name a directory that is for tokens only; without a path, the agent uses \(ownPlace)")
        }
        return directory
    }
}
