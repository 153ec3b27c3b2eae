/// The identity of a sealed file, which is authenticated: a file moved to another name does not open.
public struct Label: Equatable, Sendable {
    /// The part of the agent that owns the file.
    public var purpose: String
    /// The file's subject, such as an account's name.
    public var name: String
    public var generation: UInt64

    public init(purpose: String, name: String, generation: UInt64) {
        self.purpose = purpose
        self.name = name
        self.generation = generation
    }
}
