public import Agent
public import AgentAPI
public import Configuration
public import System

/// The files of sinks: replaced as a whole, never truncated, never through a link.
public final class TokenFiles: SinkFiles {
    private let records: SinkRecords
    /// The directories of the agent's own files, without links.
    private let agentsOwn: [String]
    /// The agent's own directory for sinks, which it creates.
    private let ownPlace: String
    private let mayWrite: @Sendable (String) -> Bool

    /// `mayWrite`: whether the agent, which limits itself at its start, may write to a directory.
    public init(_ paths: UserPaths, mayWrite: @escaping @Sendable (String) -> Bool = { _ in true }) {
        self.mayWrite = mayWrite
        records = SinkRecords(paths.sinkRecords)
        agentsOwn = [paths.state, paths.configuration, paths.systemConfiguration].map(TrustedFile.resolved)
        ownPlace = paths.sinks
    }

    public func check(_ sink: SinkSettings) throws(Fault) {
        let directory = try open(sink.path)
        _ = try directory.mark(of: directory.name)
        // Where it may write only after its next start, the sink waits for that.
        if let group = sink.group, mayWrite(directory.path) {
            // The kernel decides who may give a file to a group.
            let empty = try directory.prepare([], for: directory.name, mode: sink.mode, group: (group.name, group.id))
            empty.file.remove()
        }
    }

    public func obstacle(_ sink: SinkSettings) -> Fault? {
        (try? open(sink.path)).flatMap { SinkPlace.obstacle(sink, in: $0.path) }
    }

    public func hasForeignFile(at path: String) -> Bool {
        guard let directory = try? open(path), let mark = try? directory.mark(of: directory.name) else {
            return false
        }
        return records[path]?.marks.contains(mark) != true
    }

    public func write(
        _ content: SinkContent, to sink: SinkSettings, expiresAt: Int?, unless isObsolete: () -> Bool
    ) throws(Fault) -> Bool {
        let directory = try open(sink.path)
        guard mayWrite(directory.path) else { throw SinkPlace.unreachable(sink.path) }
        let isChanged = try replace(
            sink.path, in: directory, with: content.bytes, sink, expiresAt: expiresAt, unless: isObsolete)
        if isObsolete() { return false }
        if let meta = content.meta {
            // Nothing secret, and the same readers.
            _ = try replace(sink.metaPath, in: directory, with: meta, sink, expiresAt: nil, unless: isObsolete)
        } else if records[sink.metaPath] != nil {
            try remove(one: sink.metaPath)
        }
        return isChanged
    }

    /// Replaces one file as a whole. Returns whether its content has changed.
    private func replace(
        _ path: String, in directory: SinkDirectory, with bytes: [UInt8], _ sink: SinkSettings, expiresAt: Int?,
        unless isObsolete: () -> Bool
    ) throws(Fault) -> Bool {
        let name = String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...])
        let group = sink.group.map { ($0.name, $0.id) }
        let (mark, earlier) = (try directory.mark(of: name), records[path])
        let same = directory.holds(bytes, name, mode: sink.mode, group: group?.1)
        var record = SinkRecords.Record(identity: sink.identity, expiresAt: expiresAt)
        if same.content, same.rights, let mark {
            record.marks = [mark]
            records.set(record, for: path)
            return false
        }
        do throws(Fault) {
            // Before there is any file: what is not recorded would outlive a killed agent.
            if earlier == nil { records.set(record, for: path) }
            let new = try directory.prepare(bytes, for: name, mode: sink.mode, group: group)
            // Until the end of the rename, either file may be in place.
            var both = record
            both.marks = (earlier?.marks ?? []) + [new.mark]
            if let expiry = earlier?.expiresAt { both.expiresAt = min(expiry, expiresAt ?? expiry) }
            records.set(both, for: path)
            if isObsolete() {
                new.file.remove()
                records.set(earlier, for: path)
                return false
            }
            try directory.put(new.file, inPlaceOf: name)
            record.marks = [new.mark]
        } catch {
            records.set(earlier, for: path)
            throw error
        }
        records.set(record, for: path)
        return !same.content
    }

    public func remove(_ path: String) throws(Fault) {
        try remove(one: path)
        try remove(one: path + SinkSettings.metaSuffix)
    }

    private func remove(one path: String) throws(Fault) {
        guard let record = records[path] else { return }
        // With its directory, the file is gone. Another program's file is not the agent's to remove.
        if let directory = try SinkDirectory(leaving: path) { try directory.remove(directory.name, if: record.has) }
        records.set(nil, for: path)
    }

    public func recorded() -> [String: RecordedSink] {
        let all = records.all
        return all.filter { path, _ in
            // A second file goes with the first.
            !path.hasSuffix(SinkSettings.metaSuffix) || all[String(path.dropLast(SinkSettings.metaSuffix.count))] == nil
        }.mapValues { RecordedSink(identity: $0.identity, expiresAt: $0.expiresAt) }
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
