internal import Glibc

extension DurableDirectory {
    /// Creates or replaces the file atomically: readers see the old bytes or the new ones, also after a power failure.
    /// The file is durable on return.
    public func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        try commit(try UnfinishedFile(in: self), as: name, bytes)
    }

    /// Reserves disk space for a file of `size` bytes, so that a full disk is noticed before there is data that must be
    /// written. On copy-on-write file systems this is a strong hint, not a promise.
    public func reserve(_ name: String, size: Int) throws(FileFailure) -> Reservation {
        let file = try UnfinishedFile(in: self)
        try file.allocate(size)
        return Reservation(name: name, file: file)
    }

    /// Writes the file as `write` does, into the reserved space. Each reservation can be committed once. Cannot fail
    /// with a full disk if the bytes fit.
    public func commit(_ reservation: Reservation, _ bytes: [UInt8]) throws(FileFailure) {
        try commit(reservation.file, as: reservation.name, bytes)
    }

    /// Releases the space, as the end of the reservation does.
    public func discard(_ reservation: Reservation) { reservation.file.remove() }

    private func commit(_ file: UnfinishedFile, as name: String, _ bytes: [UInt8]) throws(FileFailure) {
        try file.fill(bytes)
        try file.rename(to: name)
        try synchronize()
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
