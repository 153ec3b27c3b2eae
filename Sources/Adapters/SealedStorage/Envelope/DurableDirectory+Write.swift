internal import Glibc

extension DurableDirectory {
    /// Replaces or makes the file in one step: whoever reads it sees the old bytes or the new ones, also after a loss
    /// of power. It is durable on return.
    public func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        try commit(try UnfinishedFile(in: self), as: name, bytes)
    }

    /// Takes the room that a file of `size` bytes will need, so that a full disk is known before there is something
    /// that must be written. On a file system that copies on write this is a strong hint and not a promise.
    public func reserve(_ name: String, size: Int) throws(FileFailure) -> Reservation {
        let file = try UnfinishedFile(in: self)
        try file.allocate(size)
        return Reservation(name: name, file: file)
    }

    /// As `write`, in the room that was reserved; a reservation can be committed once. Does not fail for want of room
    /// as long as the bytes fit.
    public func commit(_ reservation: Reservation, _ bytes: [UInt8]) throws(FileFailure) {
        try commit(reservation.file, as: reservation.name, bytes)
    }

    /// Gives the room back, as forgetting the reservation does.
    public func discard(_ reservation: Reservation) { reservation.file.remove() }

    private func commit(_ file: UnfinishedFile, as name: String, _ bytes: [UInt8]) throws(FileFailure) {
        try file.fill(bytes)
        try file.rename(to: name)
        try synchronize()
    }
}

/// Room on the disk for a file that will be written.
public final class Reservation: Sendable {
    let name: String
    let file: UnfinishedFile

    init(name: String, file: UnfinishedFile) {
        self.name = name
        self.file = file
    }
}
