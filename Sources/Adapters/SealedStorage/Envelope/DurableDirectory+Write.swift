internal import Glibc
internal import System

extension DurableDirectory {
    /// Creates or replaces the file atomically: readers see the old bytes or the new ones, also after a power failure.
    /// The file is durable on return.
    public func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        try commit(try unfinished(), as: name, bytes)
    }

    /// Reserves disk space for a file of `size` bytes, so that a full disk is noticed before there is data that must be
    /// written. On copy-on-write file systems this is a strong hint, not a promise.
    public func reserve(_ name: String, size: Int) throws(FileFailure) -> Reservation {
        let file = try unfinished()
        do throws(UnfinishedFile.Failure) {
            try file.allocate(size)
            try file.synchronize()
        } catch { throw failure(error) }
        return Reservation(name: name, file: file)
    }

    /// Writes the file as `write` does, into the reserved space. Each reservation can be committed once. Cannot fail
    /// with a full disk if the bytes fit.
    public func commit(_ reservation: Reservation, _ bytes: [UInt8]) throws(FileFailure) {
        try commit(reservation.file, as: reservation.name, bytes)
    }

    /// Releases the space, as the end of the reservation does.
    public func discard(_ reservation: Reservation) { reservation.file.remove() }

    private func unfinished() throws(FileFailure) -> UnfinishedFile {
        while true {
            let name = Self.unfinishedPrefix + String(UInt64.random(in: 0...UInt64.max), radix: 36)
            do throws(UnfinishedFile.Failure) { return try UnfinishedFile(name, in: directory) } catch {
                guard error.code == EEXIST else { throw failure(error) }
            }
        }
    }

    private func commit(_ file: UnfinishedFile, as name: String, _ bytes: [UInt8]) throws(FileFailure) {
        do throws(UnfinishedFile.Failure) {
            try file.write(bytes)
            try file.truncate(to: bytes.count)
            try file.synchronize()
            try file.rename(to: name)
        } catch { throw failure(error) }
        try synchronize()
    }

    private func failure(_ failure: UnfinishedFile.Failure) -> FileFailure {
        .system(call: failure.call, path: path + "/" + failure.name, errno: failure.code)
    }
}

/// Reserved disk space for a file.
public final class Reservation: Sendable {
    let name: String
    let file: UnfinishedFile

    init(name: String, file: UnfinishedFile) {
        self.name = name
        self.file = file
    }
}
