internal import Policy

/// A caller's process and the program that it runs, to recognise both on later connections.
struct PinnedPeer: PinnedProcess {
    let pin: ProcessPin
    let mark: ProgramMark

    var isAlive: Bool { pin.isAlive }

    func isSame(as other: any PinnedProcess) -> Bool {
        // The number of a living process cannot be another's.
        guard let other = other as? PinnedPeer, pin.pid == other.pin.pid, pin.isAlive, other.pin.isAlive else {
            return false
        }
        return other.mark.mayFollow(mark) || mark.mayFollow(other.mark)
    }
}
