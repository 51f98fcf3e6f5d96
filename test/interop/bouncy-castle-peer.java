import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cms.AuthEnvelopedData;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.EncryptedContentInfo;
import org.bouncycastle.asn1.cms.GCMParameters;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.Arrays;
import org.bouncycastle.util.Store;

/**
 * BouncyCastle's CMS as a peer of the tests: does all jobs of a folder in one virtual machine. `jobs` has one a line, tab-separated:
 * an identifier, what to do, and names of files; `results` gets the identifier and `ok` or what went wrong.
 */
class BouncyCastlePeer {
	static Path folder;

	public static void main(String[] parameters) throws Exception {
		Security.addProvider(new BouncyCastleProvider());
		folder = Path.of(parameters[0]);
		StringBuilder results = new StringBuilder();
		for (String line : Files.readAllLines(folder.resolve("jobs"))) {
			String[] job = line.split("\t");
			String result;
			try {
				result = run(job);
			} catch (Exception failure) {
				result = failure.toString().replaceAll("\\s+", " ");
			}

			results.append(job[0]).append('\t').append(result).append('\n');
		}

		Files.writeString(folder.resolve("results"), results);
	}

	static String run(String[] job) throws Exception {
		switch (job[1]) {
			case "sign":
				return sign(read(job[2]), job[3], job[4], job[0], Boolean.parseBoolean(job[5]));
			case "verify":
				return verify(read(job[2]), job.length > 3 ? read(job[3]) : null);
			case "encrypt":
				return encrypt(read(job[2]), job[3], job[4], job[5], job[0]);
			case "decrypt":
				return decrypt(read(job[2]), key(job[3]), job[0]);
			default:
				return "no such job";
		}
	}

	static String sign(byte[] content, String who, String algorithm, String out, boolean encapsulate) throws Exception {
		CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
		generator.addSignerInfoGenerator(
			new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
				.build(new JcaContentSignerBuilder(algorithm).setProvider("BC").build(key(who)), certificate(who)));
		generator.addCertificates(new JcaCertStore(List.of(certificate(who))));
		return write(out, generator.generate(new CMSProcessableByteArray(content), encapsulate).getEncoded("DER"));
	}

	static String verify(byte[] octets, byte[] beside) throws Exception {
		CMSSignedData signed =
			beside == null ? new CMSSignedData(octets) : new CMSSignedData(new CMSProcessableByteArray(beside), octets);
		Store<X509CertificateHolder> certificates = signed.getCertificates();
		int count = 0;
		for (SignerInformation signer : signed.getSignerInfos().getSigners()) {
			X509CertificateHolder holder = (X509CertificateHolder) certificates.getMatches(signer.getSID()).iterator().next();
			if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(holder))) {
				return "does not verify";
			}

			count++;
		}

		return count > 0 ? "ok" : "no signer";
	}

	static String encrypt(byte[] content, String who, String cipher, String how, String out) throws Exception {
		ASN1ObjectIdentifier oid = cipherOf(cipher);
		RecipientInfoGenerator recipient =
			how.startsWith("OAEP") ? transport(certificate(who), how.substring(5)) : agreement(certificate(who), how, cipher);
		if (cipher.endsWith("GCM")) {
			CMSAuthEnvelopedDataGenerator generator = new CMSAuthEnvelopedDataGenerator();
			generator.addRecipientInfoGenerator(recipient);
			OutputAEADEncryptor encryptor =
				(OutputAEADEncryptor) new JceCMSContentEncryptorBuilder(oid).setProvider("BC").build();
			return write(out, generator.generate(new CMSProcessableByteArray(content), encryptor).getEncoded());
		}

		CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
		generator.addRecipientInfoGenerator(recipient);
		return write(out, generator.generate(new CMSProcessableByteArray(content),
			new JceCMSContentEncryptorBuilder(oid).setProvider("BC").build()).getEncoded());
	}

	static RecipientInfoGenerator transport(X509Certificate certificate, String hash) throws Exception {
		AlgorithmIdentifier oaep = new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(
			PKCSObjectIdentifiers.id_RSAES_OAEP,
			new OAEPParameterSpec(hash, "MGF1", new MGF1ParameterSpec(hash), PSource.PSpecified.DEFAULT));
		return new JceKeyTransRecipientInfoGenerator(certificate, oaep).setProvider("BC");
	}

	static RecipientInfoGenerator agreement(X509Certificate certificate, String derivation, String cipher) throws Exception {
		KeyPairGenerator pairs = KeyPairGenerator.getInstance("EC", "BC");
		pairs.initialize(((ECPublicKey) certificate.getPublicKey()).getParams());
		KeyPair ephemeral = pairs.generateKeyPair();
		ASN1ObjectIdentifier how = switch (derivation) {
			case "SHA256" -> CMSAlgorithm.ECDH_SHA256KDF;
			case "SHA384" -> CMSAlgorithm.ECDH_SHA384KDF;
			default -> CMSAlgorithm.ECDH_SHA512KDF;
		};
		ASN1ObjectIdentifier wrap = cipher.contains("256") ? CMSAlgorithm.AES256_WRAP : CMSAlgorithm.AES128_WRAP;
		return new JceKeyAgreeRecipientInfoGenerator(how, ephemeral.getPrivate(), ephemeral.getPublic(), wrap)
			.addRecipient(certificate)
			.setProvider("BC");
	}

	static String decrypt(byte[] octets, PrivateKey key, String out) throws Exception {
		boolean isRsa = key.getAlgorithm().equals("RSA");
		if (ContentInfo.getInstance(octets).getContentType().equals(authEnvelopedData)) {
			RecipientInformation recipient =
				new CMSAuthEnvelopedData(octets).getRecipientInfos().getRecipients().iterator().next();
			return write(out, isRsa
				? recipient.getContent(new JceKeyTransAuthEnvelopedRecipient(key).setProvider("BC"))
				: decryptAgreed(octets, recipient, key));
		}

		RecipientInformation recipient = new CMSEnvelopedData(octets).getRecipientInfos().getRecipients().iterator().next();
		return write(out, recipient.getContent(isRsa
			? new JceKeyTransEnvelopedRecipient(key).setProvider("BC")
			: new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC")));
	}

	/** Release 1.72 agrees on the key and has no class that goes on to AuthEnvelopedData: its GCM does. */
	static byte[] decryptAgreed(byte[] octets, RecipientInformation recipient, PrivateKey privateKey) throws Exception {
		AgreedKey agreed = new AgreedKey(privateKey);
		agreed.setProvider("BC");
		try {
			recipient.getContent(agreed);
		} catch (CMSException expected) {
			if (agreed.key == null) {
				throw expected;
			}
		}

		AuthEnvelopedData data = AuthEnvelopedData.getInstance(ContentInfo.getInstance(octets).getContent());
		EncryptedContentInfo encrypted = data.getAuthEncryptedContentInfo();
		GCMParameters gcm = GCMParameters.getInstance(encrypted.getContentEncryptionAlgorithm().getParameters());
		Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding", "BC");
		cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(agreed.key.getEncoded(), "AES"),
			new GCMParameterSpec(gcm.getIcvLen() * 8, gcm.getNonce()));
		cipher.update(new byte[0]);
		byte[] first = cipher.update(encrypted.getEncryptedContent().getOctets());
		byte[] last = cipher.doFinal(data.getMac().getOctets());
		return Arrays.concatenate(first == null ? new byte[0] : first, last);
	}

	static class AgreedKey extends JceKeyAgreeRecipient {
		Key key;

		AgreedKey(PrivateKey privateKey) {
			super(privateKey);
		}

		public RecipientOperator getRecipientOperator(AlgorithmIdentifier encryption, AlgorithmIdentifier content,
			SubjectPublicKeyInfo sender, ASN1OctetString material, byte[] encryptedKey) throws CMSException {
			key = extractSecretKey(encryption, content, sender, material, encryptedKey);
			throw new CMSException("the key is all that is wanted");
		}
	}

	static ASN1ObjectIdentifier cipherOf(String name) {
		return switch (name) {
			case "AES-128-GCM" -> CMSAlgorithm.AES128_GCM;
			case "AES-256-GCM" -> CMSAlgorithm.AES256_GCM;
			case "AES-128-CBC" -> CMSAlgorithm.AES128_CBC;
			case "AES-192-CBC" -> CMSAlgorithm.AES192_CBC;
			default -> CMSAlgorithm.AES256_CBC;
		};
	}

	static X509Certificate certificate(String who) throws Exception {
		return (X509Certificate)
			CertificateFactory.getInstance("X.509", "BC").generateCertificate(new ByteArrayInputStream(read(who + ".crt")));
	}

	static PrivateKey key(String who) throws Exception {
		String algorithm = who.equals("rsa") ? "RSA" : who.equals("ed25519") ? "Ed25519" : "EC";
		return KeyFactory.getInstance(algorithm, "BC").generatePrivate(new PKCS8EncodedKeySpec(read(who + ".key")));
	}

	static byte[] read(String name) throws Exception {
		return Files.readAllBytes(folder.resolve(name));
	}

	static String write(String name, byte[] octets) throws Exception {
		Files.write(folder.resolve(name), octets);
		return "ok";
	}

	static final ASN1ObjectIdentifier authEnvelopedData = new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.1.23");
}
