/// Durations as text.
enum TimeSpan {
    /// Returns text such as `54 min`, for seconds that are not negative.
    static func words(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}
