//! `docs/session.svg`, the README's picture, is what the prompt prints today.
//!
//! `docs/draw-session` draws it anew: it runs this test with `DRAW_SESSION` set.

use crate::terminal::Sandbox;
use std::fmt::Write as _;
use std::path::Path;

/// What is typed, line by line, and words of what comes of it. A line that goes on has none.
const TYPED: &[(&str, &str)] = &[
    (
        r#"local vdc = cds.vdc.DescribeVdc { RegionId = "CN_Beijing_A" }.Data[1].VdcId"#,
        "",
    ),
    (
        r#"made = cds.ccs.CreateInstance { RegionId = "CN_Beijing_A", VdcId = vdc, Amount = 2,"#,
        GOES_ON,
    ),
    (
        r#"  InstanceName = "web", InstanceType = "CCS.C3", Cpu = 4, Ram = 8,"#,
        GOES_ON,
    ),
    (r#"  Password = secret "vm-password" }"#, ""),
    ("wait(made)", "done,"),
    (
        "cds.ccs.DescribeInstances { VdcId = vdc }.Data.Instances",
        "more columns",
    ),
    (
        "cds.ccs.StopInstance { InstanceID = _[1].InstanceId }",
        "did you mean InstanceId?",
    ),
];
const GOES_ON: &str = "…";

const COLUMNS: u16 = 98;
const CELL: (f32, f32) = (8.4, 18.0);
const MARGIN: f32 = 16.0;
const BACKGROUND: &str = "#1e1e2e";
const FOREGROUND: &str = "#cdd6f4";
/// The sixteen colors of a terminal, as in the Catppuccin Mocha palette.
const PALETTE: [&str; 16] = [
    "#45475a", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#bac2de",
    "#7f849c", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#a6adc8",
];

#[test]
fn the_picture_of_a_session_is_what_the_prompt_prints_today() {
    let mut terminal = Sandbox::new().simulated(COLUMNS);
    for (line, words) in TYPED {
        if *words == GOES_ON {
            terminal.line(line);
        } else {
            terminal.enter(line, words);
        }
    }
    let drawn = terminal.look(draw);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/session.svg");
    if std::env::var_os("DRAW_SESSION").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == drawn,
        "docs/session.svg is out of date: look at this screen, then run docs/draw-session\n{}",
        terminal.screen()
    );
}

/// The screen from its first prompt to its last line, as an SVG.
fn draw(screen: &vt100::Screen) -> String {
    let rows: Vec<String> = screen.rows(0, COLUMNS).collect();
    let first = rows
        .iter()
        .position(|row| row.starts_with("simulator"))
        .unwrap();
    let end = rows.iter().rposition(|row| !row.trim().is_empty()).unwrap() + 1;
    let width = f32::from(COLUMNS) * CELL.0 + 2.0 * MARGIN;
    let height = to_f32(end - first) * CELL.1 + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">\n\
         <title>A session at the prompt of cumulua, on its simulator</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for row in first..end {
        // The baseline is a bit above the lower edge of the row.
        let y = to_f32(row - first + 1) * CELL.1 + MARGIN - 5.0;
        for run in runs(screen, u16::try_from(row).unwrap()) {
            let x = f32::from(run.column) * CELL.0 + MARGIN;
            let length = f32::from(run.columns) * CELL.0;
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{}>{}</text>",
                run.style,
                escape(&run.text)
            );
        }
    }
    svg + "</svg>\n"
}

/// Cells beside each other that look alike.
struct Run {
    column: u16,
    columns: u16,
    style: String,
    text: String,
}

/// What a row shows. Empty cells are not drawn; no picture has wide characters.
fn runs(screen: &vt100::Screen, row: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..COLUMNS {
        let cell = screen.cell(row, column).unwrap();
        if cell.contents().trim().is_empty() {
            continue;
        }
        let style = style(cell);
        match runs.last_mut() {
            Some(run) if run.column + run.columns == column && run.style == style => {
                run.columns += 1;
                run.text.push_str(cell.contents());
            }
            _ => runs.push(Run {
                column,
                columns: 1,
                style,
                text: cell.contents().to_owned(),
            }),
        }
    }
    runs
}

fn style(cell: &vt100::Cell) -> String {
    let color = match cell.fgcolor() {
        vt100::Color::Idx(index) if usize::from(index) < PALETTE.len() => {
            PALETTE[usize::from(index)]
        }
        vt100::Color::Default => FOREGROUND,
        other => panic!("the palette has no {other:?}"),
    };
    let mut style = format!(" fill=\"{color}\"");
    style.push_str(if cell.bold() {
        " font-weight=\"bold\""
    } else {
        ""
    });
    style.push_str(if cell.dim() { " opacity=\"0.6\"" } else { "" });
    style.push_str(if cell.underline() {
        " text-decoration=\"underline\""
    } else {
        ""
    });
    style
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn to_f32(number: usize) -> f32 {
    f32::from(u16::try_from(number).unwrap())
}
