/// A directory that stays open as long as it is used.
public final class OpenDirectory: Sendable {
    private let descriptor: Descriptor

    public init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    public var raw: Int32 { descriptor.raw }
}
