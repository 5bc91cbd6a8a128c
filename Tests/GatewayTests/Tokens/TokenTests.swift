import Crypto
import ServiceKit
import ServiceKitTesting
import Testing
import Values

@testable import Gateway

@Suite("Tokens")
struct TokenTests {
  private let key = Curve25519.Signing.PrivateKey()
  private let now = Timestamp.epoch.advanced(by: .seconds(1_800_000_000))

  private func sample(_ lifetime: Duration = AccessToken.lifetime) -> AccessToken {
    AccessToken(key: 17, issued: now, expires: now.advanced(by: lifetime))
  }

  private func refusal(_ text: String, at instant: Timestamp? = nil) -> TokenAuthority.Refusal? {
    do throws(TokenAuthority.Refusal) {
      _ = try TokenAuthority(key: key).verify(text, at: instant ?? now)
      return nil
    } catch {
      return error
    }
  }

  @Test("a token says what was signed")
  func roundTrip() throws {
    let authority = TokenAuthority(key: key)
    #expect(try authority.verify(authority.sign(sample()), at: now) == sample())
  }

  @Test("a token ends at its expiry, to the microsecond")
  func expiry() throws {
    let text = try TokenAuthority(key: key).sign(sample())
    let end = now.advanced(by: AccessToken.lifetime)
    #expect(refusal(text, at: end.advanced(by: .microseconds(-1))) == nil)
    #expect(refusal(text, at: end) == .expired)
  }

  @Test("every changed character makes a token invalid")
  func everyCharacter() throws {
    let text = try TokenAuthority(key: key).sign(sample())
    let characters = Array(text)
    for index in characters.indices {
      var changed = characters
      changed[index] = changed[index] == "A" ? "B" : "A"
      #expect(refusal(String(changed)) == .invalid, "character \(index)")
    }
  }

  @Test("what is no token is invalid")
  func malformed() throws {
    let text = try TokenAuthority(key: key).sign(sample())
    let others = [
      "", "rt_", "Bearer", String(text.dropLast()), text + "A", text + "=", " " + text, text + "\n", text.uppercased(),
      String(repeating: "A", count: text.count), text.replacing("rt_", with: "rk_"), text.replacing("K", with: "\u{212A}"),
      "eyJhbGciOiJub25lIn0.eyJrZXkiOjE3fQ.",
    ]
    for other in others where other != text { #expect(refusal(other) == .invalid, "\(other)") }
  }

  @Test("a token of another key, or of the same key for another purpose, is invalid")
  func forgedOrReplayed() throws {
    let forged = try TokenAuthority(key: Curve25519.Signing.PrivateKey()).sign(sample())
    #expect(refusal(forged) == .invalid)
    let replayed = try TokenAuthority(key: key, purpose: "pages").sign(sample())
    #expect(refusal(replayed) == .invalid)
  }

  @Test("an expired token of another purpose is invalid, not expired: nothing is read before the signature")
  func signatureFirst() throws {
    let replayed = try TokenAuthority(key: key, purpose: "pages").sign(sample(.zero))
    #expect(refusal(replayed) == .invalid)
  }

  @Test("a signed principal is no token")
  func principalIsNoToken() throws {
    let principal = Principal(
      kind: .apiKey, subject: "keys/17", signer: .gateway, notBefore: now, expires: now.advanced(by: .seconds(900)))
    let signed = try PrincipalSigner(service: .gateway, key: key).sign(principal)
    #expect(refusal("rt_" + Base64URL.encode(signed)) == .invalid)
  }
}

@Suite("Secrets of keys")
struct KeySecretTests {
  private let secret = KeySecret(drawnFor: 17, randomness: RepeatableRandomness())

  @Test("a secret names its key and carries 256 bits")
  func form() throws {
    #expect(secret.text.hasPrefix("rk_17_"))
    #expect(secret.text.count == "rk_17_".count + 43)
    #expect(KeySecret(secret.text) == secret)
  }

  @Test("two secrets differ")
  func different() {
    let randomness = RepeatableRandomness()
    #expect(KeySecret(drawnFor: 1, randomness: randomness) != KeySecret(drawnFor: 1, randomness: randomness))
  }

  @Test("only the secret itself matches its hash, character by character")
  func matches() throws {
    #expect(secret.matches(secret.hash))
    for index in "rk_17_".count..<secret.text.count {
      var characters = Array(secret.text)
      characters[index] = characters[index] == "A" ? "B" : "A"
      let other = KeySecret(String(characters))
      #expect(other.map { $0.matches(secret.hash) } ?? false == false, "character \(index)")
    }
    #expect(!secret.matches([]))
  }

  @Test(
    "what is no secret is not read",
    arguments: ["", "rk_", "rk_17_", "rk_0_", "rk_-1_", "rk_017_", "rk_+17_", "rt_17_", "RK_17_"])
  func malformed(prefix: String) {
    #expect(KeySecret(prefix) == nil)
    #expect(KeySecret(prefix + String(secret.text.suffix(43))) == nil || prefix == "rk_17_")
    #expect(KeySecret(prefix + String(secret.text.suffix(42))) == nil)
  }

  @Test("neither its description nor its mirror shows it")
  func hidden() {
    var dump = ""
    Swift.dump(secret, to: &dump)
    #expect(!"\(secret) \(dump)".contains(secret.text.suffix(20)))
  }
}

@Suite("Base64 for URLs")
struct Base64URLTests {
  @Test("every length comes back, and no other text stands for the same bytes")
  func roundTrip() {
    for count in 0..<67 {
      let bytes = RepeatableRandomness(seed: UInt64(count)).bytes(count)
      let text = Base64URL.encode(bytes)
      #expect(Base64URL.decode(text.utf8) == bytes)
      for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" where count > 0 {
        let other = String(text.dropLast()) + String(last)
        if other != text { #expect(Base64URL.decode(other.utf8) != bytes) }
      }
    }
  }

  @Test("padding and other alphabets are refused", arguments: ["AA==", "AAA=", "A+A/", "A", "AA A", "AAé"])
  func strict(text: String) {
    #expect(Base64URL.decode(text.utf8) == nil)
  }
}
