import ArgumentParser
import DemoIssuer

/// A provider's policy for refresh tokens: a column of the matrix.
enum Policy: String, CaseIterable, ExpressibleByArgument {
    case none
    case oldAccepted = "old-accepted"
    case oneUse = "one-use"
    case oneUseWithFamily = "one-use-family"
    /// A real server: one use, with a token family.
    case glewlwyd

    /// Whether a used refresh token is invalid.
    var isStrict: Bool {
        switch self {
        case .none, .oldAccepted: false
        case .oneUse, .oneUseWithFamily, .glewlwyd: true
        }
    }

    /// The demo issuer's name for it; `nil` for a real server.
    var rotation: DemoIssuer.Rotation? { DemoIssuer.Rotation(rawValue: rawValue) }
}
