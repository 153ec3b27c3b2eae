internal import FoundationEssentials
internal import KeyringProtocol
internal import SecretMemory

/// A message to or from a helper, in memory that is wiped.
enum KeyringMessage {
    static func encode(_ job: KeyringJob) throws -> WipedBytes { WipedBytes(try JSONEncoder().encode(job)) }

    static func reply(_ bytes: WipedBytes) -> KeyringReply? {
        bytes.withBytes { bytes in
            guard let start = bytes.baseAddress else { return nil }
            let data = Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
            return try? JSONDecoder().decode(KeyringReply.self, from: data)
        }
    }
}
