/// Who may speak to the agent at all; decided from the kernel's word before a byte of the request is read.
public struct AccessPolicy: Sendable {
    private let owner: UInt32

    /// The user that the agent runs as, and root, who can read its memory anyway.
    public static func ownUserAndRoot(_ owner: UInt32) -> AccessPolicy { AccessPolicy(owner: owner) }

    package func allows(_ peer: PeerIdentity) -> Bool { peer.user == owner || peer.user == 0 }
}

/// The process that connected, as it was at that moment (unix(7), SO_PEERCRED).
package struct PeerIdentity: Sendable {
    let pid: Int32
    let user: UInt32
    let group: UInt32

    package init(pid: Int32, user: UInt32, group: UInt32) {
        self.pid = pid
        self.user = user
        self.group = group
    }
}
