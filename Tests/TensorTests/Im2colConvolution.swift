import Tensor

/// A convolution's passes by im2col, in `Double`.
struct Im2colConvolution {
  let window: Window
  let outputs: Int
  private var k: Int { window.columns }

  private func columns(_ count: Int, _ x: [Double]) -> [Double] {
    var columns = [Double](repeating: 0, count: count * window.positions * k)
    Double.im2col(x, &columns, window, first: 0, rows: count * window.positions)
    return columns
  }

  func forward(_ count: Int, _ x: [Double], _ w: [Double]) -> [Double] {
    let rows = count * window.positions
    var y = [Double](repeating: 0, count: rows * outputs)
    Double.gemm(false, true, rows, outputs, k, 1, columns(count, x), k, w, k, 0, &y, outputs)
    return y
  }

  func inputGradient(_ count: Int, _ dy: [Double], _ w: [Double]) -> [Double] {
    let rows = count * window.positions
    var columns = [Double](repeating: 0, count: rows * k)
    Double.gemm(false, false, rows, k, outputs, 1, dy, outputs, w, k, 0, &columns, k)
    var dx = [Double](repeating: 0, count: count * window.input.count)
    Double.col2im(columns, &dx, window, first: 0, rows: rows)
    return dx
  }

  func weightGradient(_ count: Int, _ dy: [Double], _ x: [Double]) -> [Double] {
    let rows = count * window.positions
    var dw = [Double](repeating: 0, count: outputs * k)
    Double.gemm(true, false, outputs, k, rows, 1, dy, outputs, columns(count, x), k, 0, &dw, k)
    return dw
  }
}
