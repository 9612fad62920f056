/**
 * The physical limit in plain JavaScript: a page table of four levels in typed arrays reserved in advance. Missing
 * tables are allocated and every table counts its entries, as table pages of the kernel do; only the latest state is
 * kept, and nothing is checked.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
export class PlainTables {
  private readonly inner: Int32Array
  private readonly innerChildren: Int32Array
  private readonly leaves: Float64Array
  private readonly leafChildren: Int32Array
  private innerCount = 1
  private leafCount = 1
  mapped = 0

  constructor(pagesMax: number) {
    const tables = (pagesMax >>> 9) + 2
    const innerTables = (tables >>> 9) + 66
    this.inner = new Int32Array(innerTables * 512)
    this.innerChildren = new Int32Array(innerTables)
    this.leaves = new Float64Array(tables * 512)
    this.leafChildren = new Int32Array(tables)
  }

  /** Maps `page`, a number below 2^36, to `frame`. */
  insert(page: number, frame: number): void {
    const { inner, leaves } = this
    let at = (page / 134217728) & 511
    let node = inner[at]!
    if (node === 0) inner[at] = node = this.addInner(0)
    let above = node
    at = node * 512 + ((page >>> 18) & 511)
    node = inner[at]!
    if (node === 0) inner[at] = node = this.addInner(above)
    above = node
    at = node * 512 + ((page >>> 9) & 511)
    node = inner[at]!
    if (node === 0) {
      inner[at] = node = this.leafCount++
      this.innerChildren[above]!++
    }
    at = node * 512 + (page & 511)
    if (leaves[at] === 0) {
      this.mapped++
      this.leafChildren[node]!++
    }
    leaves[at] = frame * 4096 + 7
  }

  private addInner(above: number): number {
    this.innerChildren[above]!++
    return this.innerCount++
  }
}
