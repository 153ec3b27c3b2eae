internal import AgentAPI
internal import Glibc
internal import SecretMemory

/// JSON records in locked memory: the codec's buffers are cleared.
extension SecretBytes {
    convenience init(json value: some Encodable) {
        defer { DeadStack.clear() }
        var bytes = APIJSON.encode(fixed: value)
        defer { bytes.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } } }
        self.init(bytes)
    }

    func json<Value: Decodable>(_ type: Value.Type) -> Value? {
        defer { DeadStack.clear() }
        return withBytes { bytes in try? APIJSON.decode(type, from: bytes) }
    }
}
