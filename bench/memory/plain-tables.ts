/**
 * The physical limit in plain JavaScript: page tables in typed arrays reserved in advance, with a few
 * counters, only the latest state, and nothing checked.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
export class PlainTables {
  private readonly inner: Int32Array
  private readonly leaves: Float64Array
  private innerCount = 1
  private leafCount = 1
  mapped = 0
  resident = 0
  private readonly byVcpu = new Float64Array(4)

  constructor(pagesMax: number) {
    const tables = (pagesMax >>> 9) + 2
    this.inner = new Int32Array(((tables >>> 9) + 66) * 512)
    this.leaves = new Float64Array(tables * 512)
  }

  fault(page: number, entry: number, vcpu: number): void {
    const { inner, leaves } = this
    let at = (page >>> 27) & 511
    let node = inner[at]!
    if (node === 0) inner[at] = node = this.innerCount++
    at = node * 512 + ((page >>> 18) & 511)
    node = inner[at]!
    if (node === 0) inner[at] = node = this.innerCount++
    at = node * 512 + ((page >>> 9) & 511)
    node = inner[at]!
    if (node === 0) inner[at] = node = this.leafCount++
    at = node * 512 + (page & 511)
    if (leaves[at] === 0) {
      this.mapped++
      this.resident++
    }
    leaves[at] = entry
    this.byVcpu[vcpu]!++
  }
}
