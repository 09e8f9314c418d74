/// The program's name and version.
public enum Version {
  public static let name = "influenced"
  public static let number = "0.1.0"
}
