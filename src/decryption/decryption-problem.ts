/** What is wrong with one encrypted document; the decryptor turns it into DECRYPTION_FAILED with the document's name. */
export class DecryptionProblem extends Error {
  override readonly name = 'DecryptionProblem';
}
